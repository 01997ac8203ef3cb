"""Watches the sessions and meetings of a batch until each is live: one watch a target, for all its rows."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping

from zoomcall.domain.target import ResolvedTarget
from zoomcall.errors import ZoomcallError
from zoomcall.usecases.dialing.going_live import LiveWait

_LONGEST_SLEEP = 0.25
"""Seconds after which the watch notices that the run is over."""

Waits = Mapping[str, LiveWait]
"""The wait for each target, by ``domain.batch.key_of``."""


class Doors:
    """The targets of a batch that are not known to be live yet.

    It looks at one target after the other, so that hundreds of them are no flood of requests.

    Args:
        waits: The wait for each target.
        found: Receives a target's key and the target, before its rows may be rung.
        tell: Receives a target's key and why it is not live, whenever that changes.
        tick: Called a few times a second with the number of targets that are waited for.
        sleep: Waits for a number of seconds.
    """

    def __init__(
        self,
        waits: Waits,
        *,
        found: Callable[[str, ResolvedTarget], None],
        tell: Callable[[str, str], None],
        tick: Callable[[int], None],
        sleep: Callable[[float], None],
    ) -> None:
        self._waits = waits
        self._found = found
        self._tell = tell
        self._tick = tick
        self._sleep = sleep
        self._told: dict[str, str] = {}

    @property
    def keys(self) -> frozenset[str]:
        """The targets whose rows have to wait."""
        return frozenset(self._waits)

    def watch(self, admit: Callable[[str, ZoomcallError | None], None], is_over: Callable[[], bool]) -> None:
        """Watch until every target is live or given up.

        Args:
            admit: Receives each target's key once it is live; or why its rows are not to be rung.
            is_over: Whether to end early.
        """
        waiting = [(wait.due, key) for key, wait in self._waits.items()]
        heapq.heapify(waiting)
        for key, wait in self._waits.items():
            self._explain(key, wait)
        while waiting and not is_over():
            _, key = waiting[0]
            wait = self._waits[key]
            left = wait.seconds_left
            if left > 0:
                self._tick(len(waiting))
                self._sleep(min(left, _LONGEST_SLEEP))
                continue
            heapq.heappop(waiting)
            if self._is_settled(key, wait, admit):
                continue
            heapq.heappush(waiting, (min(wait.due, wait.until or wait.due), key))
        self._tick(0)

    def _is_settled(self, key: str, wait: LiveWait, admit: Callable[[str, ZoomcallError | None], None]) -> bool:
        if wait.is_over:
            admit(key, wait.failure())
            return True
        try:
            target = wait.look()
        except ZoomcallError as error:
            admit(key, error)
            return True
        if target is not None:
            self._found(key, target)
            admit(key, None)
            return True
        self._explain(key, wait)
        return False

    def _explain(self, key: str, wait: LiveWait) -> None:
        if self._told.get(key, "") != wait.why:
            self._told[key] = wait.why
            self._tell(key, wait.why)
