"""How a request shows that a clause of the contract was met."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from aktify_sandbox.contract import page
from aktify_sandbox.contract.clauses import SENDING
from aktify_sandbox.contract.schema import FIELDS, row
from aktify_sandbox.scenarios.faults import Fault

from .observed import Observed

Look = Callable[[Observed], bool]

_WHOLE_VALUE = ("null", "empty-string")
"""Rulings on a value's being there at all; not on its form."""
_TYPES = frozenset(map(row, FIELDS))


def _created_by(*, region: bool, zip_code: bool) -> Look:
    def is_met(request: Observed) -> bool:
        sent = request.sent if request.is_post_of_lead else None
        return sent is not None and ("region" in sent, "zipCode" in sent) == (region, zip_code)

    return is_met


def _sent(field: str) -> Look:
    """In a lead that was accepted, now or before."""
    return lambda request: (
        request.sent is not None and field in request.sent and request.objection in ("accepted", "duplicate")
    )


def _problem(is_it: Callable[[Mapping[str, str | None]], bool]) -> Look:
    """One of the problems for which a lead was refused."""
    return lambda request: any(map(is_it, request.entry["problems"]))


def _quoting(sentence: str, field: str | None = None) -> Look:
    return _problem(
        lambda problem: problem["quote"] == sentence and (field is None or problem["field"] == field)
    )


def _ruling(name: str) -> Look:
    return _problem(lambda problem: problem["ruling"] == name)


def _form_of(*fields: str) -> Look:
    """A value is there, as a string, in a wrong form: the page or a ruling decides."""

    def is_it(problem: Mapping[str, str | None]) -> bool:
        return (
            problem["field"] in fields
            and problem["ruling"] not in _WHOLE_VALUE
            and problem["quote"] not in (*_TYPES, page.NOT_BOTH, page.REGION_OR_ZIP)
        )

    return _problem(is_it)


_wrong_phone_row = _quoting(row("phoneNumber"))


def _missing_phone(request: Observed) -> bool:
    return _wrong_phone_row(request) and "phoneNumber" not in (request.sent or ())


def _wrong_type(request: Observed) -> bool:
    sent = request.sent or {}
    return any(
        problem["quote"] in _TYPES and problem["field"] in sent for problem in request.entry["problems"]
    )


def _unauthorized(*, key: bool, opens: bool) -> Look:
    def is_met(request: Observed) -> bool:
        if request.objection != "key":
            return False
        return (request.header("x-api-key") is not None, request.campaign is not None) == (key, opens)

    return is_met


def _fault(*faults: Fault) -> Look:
    return lambda request: request.fault in faults


def _rate_limited(request: Observed) -> bool:
    return request.status == 429 and request.response_header("retry-after") is not None


def _server_error(request: Observed) -> bool:
    return request.status is not None and request.status >= 500


def _timed_out(request: Observed) -> bool:
    return request.fault == Fault.HANG or "hungUpAfterMs" in request.entry


def _empty_body(request: Observed) -> bool:
    response = request.entry["response"]
    return bool(response) and response.get("body") == ""


def _html_body(request: Observed) -> bool:
    return (request.response_header("content-type") or "").lower().startswith("text/html")


def _repeated_after_lost_answer(request: Observed) -> bool:
    before = request.before
    return request.is_post_of_lead and request.phone is not None and before is not None and before.is_lost


class Recognition(NamedTuple):
    """How a clause is recognised."""

    outcomes: tuple[str, ...]
    """The outcomes of requests that may show it: see `outcome_of`. Others aren't looked at."""
    look: Look
    """Whether a request shows the clause."""


def outcome_of(request: Observed) -> str:
    """What a client met: a status that clauses are about, another one, or no whole answer."""
    if request.is_lost:
        return "lost"
    return _STATUSES.get(request.status, "other")


_STATUSES: Mapping[int | None, str] = {201: "201", 400: "400", 401: "401", 409: "409"}
_ERRORS = ("400", "401", "409", "other")
_ANY = ("lost", "201", *_ERRORS)


def _shown_by(look: Look, *outcomes: str) -> Recognition:
    return Recognition(outcomes, look)


MET: Mapping[str, Recognition] = MappingProxyType(
    {
        "created-by-region": _shown_by(_created_by(region=True, zip_code=False), "201"),
        "created-by-zip": _shown_by(_created_by(region=False, zip_code=True), "201"),
        "created-by-both": _shown_by(_created_by(region=True, zip_code=True), "201"),
        **{name: _shown_by(_sent(field), "201", "409") for name, field in SENDING.items()},
        "refused-no-phone": _shown_by(_missing_phone, "400"),
        "refused-no-region-or-zip": _shown_by(_quoting(page.REGION_OR_ZIP), "400"),
        "refused-both-links": _shown_by(_quoting(page.NOT_BOTH), "400"),
        "refused-phone": _shown_by(_form_of("phoneNumber"), "400"),
        "refused-region": _shown_by(_form_of("region"), "400"),
        "refused-zip": _shown_by(_form_of("zipCode"), "400"),
        "refused-email": _shown_by(_form_of("email"), "400"),
        "refused-external-created": _shown_by(_form_of("externalCreated"), "400"),
        "refused-link": _shown_by(_form_of("link", "linkToShorten"), "400"),
        "refused-metadata": _shown_by(_quoting(page.METADATA), "400"),
        "refused-type": _shown_by(_wrong_type, "400"),
        "refused-null": _shown_by(_ruling("null"), "400"),
        "refused-empty": _shown_by(_ruling("empty-string"), "400"),
        "refused-not-json": _shown_by(_quoting(page.CONTENT_TYPE), "400"),
        "refused-many-leads": _shown_by(_quoting(page.ONE_LEAD), "400"),
        "refused-no-object": _shown_by(_quoting(page.INVALID, field=""), "400"),
        "no-key": _shown_by(_unauthorized(key=False, opens=False), "401"),
        "unknown-key": _shown_by(_unauthorized(key=True, opens=False), "401"),
        "revoked-key": _shown_by(_unauthorized(key=True, opens=True), "401"),
        "duplicate": _shown_by(lambda _: True, "409"),
        "repeated-after-lost-answer": _shown_by(_repeated_after_lost_answer, *_ANY),
        "rate-limited": _shown_by(_rate_limited, "other"),
        "server-error": _shown_by(_server_error, "other"),
        "timeout": _shown_by(_timed_out, "lost"),
        "reset": _shown_by(_fault(Fault.RESET), "lost"),
        "closed": _shown_by(_fault(Fault.EMPTY), "lost"),
        "truncated": _shown_by(_fault(Fault.TRUNCATE, Fault.MALFORMED_CHUNK), "lost"),
        "empty-body": _shown_by(_empty_body, "201"),
        "html-body": _shown_by(_html_body, *_ERRORS),
    }
)
"""By the ids of `CLAUSES`."""


class MetClauses:
    """The clauses that a journal has shown so far."""

    def __init__(self) -> None:
        self.met: dict[str, str] = {}
        """By the clauses' ids, the id of the first request that shows each."""
        self._missing: dict[str, dict[str, Look]] = {outcome: {} for outcome in _ANY}
        for name, recognition in MET.items():
            for outcome in recognition.outcomes:
                self._missing[outcome][name] = recognition.look

    def see(self, request: Observed) -> None:
        """Take the next request into account."""
        looks = self._missing[outcome_of(request)]
        for name in [name for name, is_met in looks.items() if is_met(request)]:
            self.met[name] = request.id
            for each in self._missing.values():
                each.pop(name, None)
