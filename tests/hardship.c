/* Preloaded into a process: a disk whose fsync takes long, and a wall clock that is set while the process runs.
 *
 * HARDSHIP_FSYNC_MS  how much longer each fsync takes
 * HARDSHIP_CLOCK     a file with 8 bytes: how many milliseconds the wall clock is ahead, read at every look
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static void take_long(void) {
    const char *text = getenv("HARDSHIP_FSYNC_MS");
    if (text != NULL)
        usleep((useconds_t)atoi(text) * 1000);
}

int fsync(int descriptor) {
    static int (*real)(int);
    if (real == NULL)
        real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    take_long();
    return real(descriptor);
}

int fdatasync(int descriptor) {
    static int (*real)(int);
    if (real == NULL)
        real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    take_long();
    return real(descriptor);
}

static int64_t ahead_ms(void) {
    static volatile int64_t *shared;
    if (shared == NULL) {
        const char *path = getenv("HARDSHIP_CLOCK");
        int descriptor = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
        if (descriptor < 0)
            return 0;
        void *page = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, descriptor, 0);
        close(descriptor);
        if (page == MAP_FAILED)
            return 0;
        shared = page;
    }
    return *shared;
}

int clock_gettime(clockid_t clock, struct timespec *moment) {
    static int (*real)(clockid_t, struct timespec *);
    if (real == NULL)
        real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, moment);
    if (result == 0 && clock == CLOCK_REALTIME) {
        int64_t ms = ahead_ms();
        moment->tv_sec += ms / 1000;
        moment->tv_nsec += (ms % 1000) * 1000000;
        if (moment->tv_nsec < 0) {
            moment->tv_nsec += 1000000000;
            moment->tv_sec -= 1;
        } else if (moment->tv_nsec >= 1000000000) {
            moment->tv_nsec -= 1000000000;
            moment->tv_sec += 1;
        }
    }
    return result;
}

int gettimeofday(struct timeval *restrict moment, void *restrict zone) {
    struct timespec exact;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &exact) != 0)
        return -1;
    moment->tv_sec = exact.tv_sec;
    moment->tv_usec = exact.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *moment) {
    struct timespec exact;
    clock_gettime(CLOCK_REALTIME, &exact);
    if (moment != NULL)
        *moment = exact.tv_sec;
    return exact.tv_sec;
}
