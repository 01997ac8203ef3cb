/* Fails, delays or kills at the N-th system call of a kind, for processes that preload this library.
 *
 * Counted are calls on files below a root folder, on sockets, and on standard output; what the interpreter does
 * for itself is left alone. torture_arm() starts the counting, so that a forked child can choose its own fault.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum kind {
    OPEN, READ, WRITE, FSYNC, RENAME, UNLINK, MKDIR, LOCK, CONNECT, SEND, RECEIVE, POLL, THREAD, MEMORY, OUTPUT, KINDS
};
static const char *const names[KINDS] = {"open", "read", "write", "fsync", "rename", "unlink", "mkdir", "lock",
                                         "connect", "send", "receive", "poll", "thread", "memory", "output"};
enum mode { COUNT, ONCE, FOREVER, KILL, SHORT, SLOW, CLOCK };

#define MOST_FDS 4096
#define SMALLEST_ALLOCATION 64

static char root[4096];
static size_t root_length;
static int is_armed, fault_kind, fault_mode, fault_errno;
static long fault_number;
static long counts[KINDS], all;
static unsigned char is_ours[MOST_FDS];

static int index_of(const char *name) {
    for (int kind = 0; kind < KINDS; kind++)
        if (!strcmp(names[kind], name)) return kind;
    return -1;
}

/* mode: 0 count, 1 once, 2 forever, 3 kill (number counts every kind if none is named), 4 short write, 5 slow (error is the
 * milliseconds of an fsync, or of a lock), 6 clock (error is the seconds by which the wall clock steps at the number-th send). */
void torture_arm(const char *folder, const char *kind, long number, int error, int mode) {
    strncpy(root, folder, sizeof root - 1);
    root_length = strlen(root);
    memset(counts, 0, sizeof counts);
    all = 0;
    fault_kind = index_of(kind);
    fault_number = number;
    fault_errno = error;
    fault_mode = mode;
    is_armed = 1;
}

/* Write the counts into a text, and fail nothing any more. */
void torture_counts(char *text, size_t size) {
    size_t used = 0;
    is_armed = 0;
    text[0] = 0;
    for (int kind = 0; kind < KINDS; kind++)
        used += snprintf(text + used, size - used, "%s=%ld ", names[kind], counts[kind]);
    snprintf(text + used, size - used, "all=%ld", all);
}

/* Count a call; return whether it must fail. */
static int must_fail(enum kind kind) {
    if (!is_armed) return 0;
    long number = __sync_add_and_fetch(&counts[kind], 1);
    if (kind != MEMORY) {
        long total = __sync_add_and_fetch(&all, 1);
        long counted = fault_kind < 0 ? total : (int)kind == fault_kind ? number : 0;
        if (fault_mode == KILL && counted == fault_number) {
            syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
        }
    }
    if ((int)kind != fault_kind) return 0;
    if ((fault_mode == ONCE && number == fault_number) || (fault_mode == FOREVER && number >= fault_number)) {
        errno = fault_errno;
        return 1;
    }
    return 0;
}

static int is_below_root(const char *path) {
    return is_armed && root_length && path && !strncmp(path, root, root_length);
}

static void keep(int fd, int yes) {
    if (fd >= 0 && fd < MOST_FDS) is_ours[fd] = (unsigned char)yes;
}

static int ours(int fd) { return is_armed && fd >= 0 && fd < MOST_FDS && is_ours[fd]; }

/* Whether it leads to a network or to a daemon; what an event loop tells itself, over a pair without names, does not. */
static int is_socket(int fd, enum kind kind) {
    struct sockaddr_storage name = {0};
    socklen_t size = sizeof name;
    int saved = errno;
    int yes = is_armed && getsockname(fd, (struct sockaddr *)&name, &size) == 0;
    if (yes && name.ss_family == AF_UNIX && kind != CONNECT) {
        size = sizeof name;
        yes = getpeername(fd, (struct sockaddr *)&name, &size) == 0 && size > sizeof name.ss_family;
    }
    errno = saved;
    return yes;
}

static int is_device(int fd) {
    struct stat about;
    return fstat(fd, &about) == 0 && S_ISCHR(about.st_mode);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define OPENER(name)                                                    \
    int name(const char *path, int flags, ...) {                        \
        static int (*real)(const char *, int, ...);                     \
        if (!real) real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name); \
        va_list rest;                                                   \
        va_start(rest, flags);                                          \
        int permissions = va_arg(rest, int);                            \
        va_end(rest);                                                   \
        int below = is_below_root(path);                                \
        if (below && must_fail(OPEN)) return -1;                        \
        int fd = real(path, flags, permissions);                        \
        keep(fd, below);                                                \
        return fd;                                                      \
    }
OPENER(open)
OPENER(open64)

#define OPENER_AT(name)                                                 \
    int name(int folder, const char *path, int flags, ...) {            \
        static int (*real)(int, const char *, int, ...);                \
        if (!real) real = (int (*)(int, const char *, int, ...))dlsym(RTLD_NEXT, #name); \
        va_list rest;                                                   \
        va_start(rest, flags);                                          \
        int permissions = va_arg(rest, int);                            \
        va_end(rest);                                                   \
        int below = is_below_root(path) || ours(folder);                \
        if (below && must_fail(OPEN)) return -1;                        \
        int fd = real(folder, path, flags, permissions);                \
        keep(fd, below);                                                \
        return fd;                                                      \
    }
OPENER_AT(openat)
OPENER_AT(openat64)

int close(int fd) {
    keep(fd, 0);
    return REAL(close)(fd);
}

#define ON_FD(type, name, kind, parameters, arguments)                  \
    type name parameters {                                              \
        static type(*real) parameters;                                  \
        if (!real) real = (type(*) parameters)dlsym(RTLD_NEXT, #name);  \
        if (ours(fd) && must_fail(kind)) return -1;                     \
        return real arguments;                                          \
    }
ON_FD(ssize_t, read, READ, (int fd, void *buffer, size_t size), (fd, buffer, size))
ON_FD(ssize_t, pread64, READ, (int fd, void *buffer, size_t size, off64_t at), (fd, buffer, size, at))
ON_FD(ssize_t, pwrite64, WRITE, (int fd, const void *buffer, size_t size, off64_t at), (fd, buffer, size, at))
ON_FD(int, ftruncate64, WRITE, (int fd, off64_t size), (fd, size))

/* A lock that takes long opens the gap between looking and locking. */
static void lock_slowly(void) {
    if (fault_mode == SLOW && fault_kind == LOCK) usleep((useconds_t)fault_errno * 1000);
}

int flock(int fd, int operation) {
    if (!(operation & LOCK_UN) && ours(fd)) {
        lock_slowly();
        if (must_fail(LOCK)) return -1;
    }
    return REAL(flock)(fd, operation);
}

ssize_t write(int fd, const void *buffer, size_t size) {
    if (fd == STDOUT_FILENO && !is_device(fd) && must_fail(OUTPUT)) return -1;
    if (ours(fd)) {
        if (must_fail(WRITE)) return -1;
        if (fault_mode == SHORT && fault_kind == WRITE && counts[WRITE] == fault_number && size > 1) size /= 2;
    }
    return REAL(write)(fd, buffer, size);
}

static int sync_slowly(int fd, int (*real)(int)) {
    if (ours(fd)) {
        if (must_fail(FSYNC)) return -1;
        if (fault_mode == SLOW && fault_kind != LOCK) usleep((useconds_t)fault_errno * 1000);
    }
    return real(fd);
}
int fsync(int fd) { return sync_slowly(fd, REAL(fsync)); }
int fdatasync(int fd) { return sync_slowly(fd, REAL(fdatasync)); }

#define LOCKER(name)                                                    \
    int name(int fd, int command, ...) {                                \
        static int (*real)(int, int, ...);                              \
        if (!real) real = (int (*)(int, int, ...))dlsym(RTLD_NEXT, #name); \
        va_list rest;                                                   \
        va_start(rest, command);                                        \
        void *argument = va_arg(rest, void *);                          \
        va_end(rest);                                                   \
        int is_lock = (command == F_SETLK || command == F_SETLKW) && ((struct flock *)argument)->l_type != F_UNLCK; \
        if (is_lock && ours(fd)) {                                      \
            lock_slowly();                                              \
            if (must_fail(LOCK)) return -1;                             \
        }                                                               \
        return real(fd, command, argument);                             \
    }
LOCKER(fcntl)
LOCKER(fcntl64)

int rename(const char *from, const char *to) {
    if ((is_below_root(from) || is_below_root(to)) && must_fail(RENAME)) return -1;
    return REAL(rename)(from, to);
}
int renameat(int folder, const char *from, int other, const char *to) {
    if ((is_below_root(from) || is_below_root(to)) && must_fail(RENAME)) return -1;
    return REAL(renameat)(folder, from, other, to);
}
int unlink(const char *path) {
    if (is_below_root(path) && must_fail(UNLINK)) return -1;
    return REAL(unlink)(path);
}
int unlinkat(int folder, const char *path, int flags) {
    if (is_below_root(path) && must_fail(UNLINK)) return -1;
    return REAL(unlinkat)(folder, path, flags);
}
int mkdir(const char *path, mode_t permissions) {
    if (is_below_root(path) && must_fail(MKDIR)) return -1;
    return REAL(mkdir)(path, permissions);
}

/* After a failed send the connection is gone in both directions, as it is with a real peer. */
static int must_fail_on_socket(int fd, enum kind kind) {
    if (!is_socket(fd, kind) || !must_fail(kind)) return 0;
    if (kind == SEND || (kind == RECEIVE && fault_errno == ECONNRESET)) shutdown(fd, SHUT_RDWR);
    errno = fault_errno;
    return 1;
}

#define ON_SOCKET(type, name, kind, parameters, arguments)              \
    type name parameters {                                              \
        static type(*real) parameters;                                  \
        if (!real) real = (type(*) parameters)dlsym(RTLD_NEXT, #name);  \
        if (must_fail_on_socket(fd, kind)) return -1;                \
        return real arguments;                                          \
    }
ON_SOCKET(int, connect, CONNECT, (int fd, const struct sockaddr *to, socklen_t size), (fd, to, size))
ON_SOCKET(ssize_t, send, SEND, (int fd, const void *data, size_t size, int flags), (fd, data, size, flags))
ON_SOCKET(ssize_t, sendto, SEND,
          (int fd, const void *data, size_t size, int flags, const struct sockaddr *to, socklen_t length),
          (fd, data, size, flags, to, length))
ON_SOCKET(ssize_t, sendmsg, SEND, (int fd, const struct msghdr *message, int flags), (fd, message, flags))
ON_SOCKET(ssize_t, recv, RECEIVE, (int fd, void *data, size_t size, int flags), (fd, data, size, flags))
ON_SOCKET(ssize_t, recvfrom, RECEIVE,
          (int fd, void *data, size_t size, int flags, struct sockaddr *from, socklen_t *length),
          (fd, data, size, flags, from, length))

ON_SOCKET(ssize_t, recvmsg, RECEIVE, (int fd, struct msghdr *message, int flags), (fd, message, flags))

int poll(struct pollfd *fds, nfds_t number, int timeout) {
    if (must_fail(POLL)) return -1;
    return REAL(poll)(fds, number, timeout);
}
int epoll_wait(int fd, struct epoll_event *events, int most, int timeout) {
    if (fault_errno == EINTR && must_fail(POLL)) return -1; /* the other errors are not epoll's */
    return REAL(epoll_wait)(fd, events, most, timeout);
}
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*work)(void *), void *argument) {
    static int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    if (!real) real = REAL(pthread_create);
    if (must_fail(THREAD)) return fault_errno;
    return real(thread, attributes, work, argument);
}

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
void *malloc(size_t size) {
    if (size >= SMALLEST_ALLOCATION && must_fail(MEMORY)) return NULL;
    return __libc_malloc(size);
}
void *calloc(size_t number, size_t size) {
    if (number * size >= SMALLEST_ALLOCATION && must_fail(MEMORY)) return NULL;
    return __libc_calloc(number, size);
}
void *realloc(void *old, size_t size) {
    if (size >= SMALLEST_ALLOCATION && must_fail(MEMORY)) return NULL;
    return __libc_realloc(old, size);
}

/* How far the wall clock is ahead: by the fault, and by whoever writes to the file in TORTURE_CLOCK. */
static volatile int64_t *set_ms;
static int64_t ahead_ms(void) {
    int64_t stepped = is_armed && fault_mode == CLOCK && counts[SEND] >= fault_number ? fault_errno * 1000LL : 0;
    return stepped + (set_ms ? *set_ms : 0);
}
int clock_gettime(clockid_t clock, struct timespec *now) {
    int status = (int)syscall(SYS_clock_gettime, clock, now);
    if (status == 0 && clock == CLOCK_REALTIME) {
        int64_t nanoseconds = now->tv_nsec + ahead_ms() % 1000 * 1000000;
        now->tv_sec += ahead_ms() / 1000 + nanoseconds / 1000000000 - (nanoseconds < 0);
        now->tv_nsec = (nanoseconds + 1000000000) % 1000000000;
    }
    return status;
}
int gettimeofday(struct timeval *now, void *zone) {
    struct timespec exact;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &exact)) return -1;
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return 0;
}
time_t time(time_t *where) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (where) *where = now.tv_sec;
    return now.tv_sec;
}

static void share_clock(void) {
    const char *path = getenv("TORTURE_CLOCK");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) return;
    void *page = mmap(NULL, sizeof *set_ms, PROT_READ, MAP_SHARED, fd, 0);
    if (page != MAP_FAILED) set_ms = page;
    close(fd);
}

/* TORTURE_ARM is "FOLDER KIND NUMBER ERROR MODE", for a process that arms itself at its start; TORTURE_CLOCK is a
 * file with 8 bytes: by how many milliseconds the wall clock is ahead, read at every look. */
__attribute__((constructor)) static void arm_by_environment(void) {
    share_clock();
    char folder[4096], kind[32];
    long number;
    int error, mode;
    const char *text = getenv("TORTURE_ARM");
    if (text && sscanf(text, "%4095s %31s %ld %d %d", folder, kind, &number, &error, &mode) == 5)
        torture_arm(folder, kind, number, error, mode);
}

__attribute__((destructor)) static void write_counts(void) {
    const char *path = getenv("TORTURE_COUNTS");
    char text[1000];
    if (!path) return;
    torture_counts(text, sizeof text);
    FILE *file = fopen(path, "w");
    if (file) {
        fputs(text, file);
        fclose(file);
    }
}
