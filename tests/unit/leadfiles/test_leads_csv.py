"""`leads export --format csv` and `leads import`: what goes out comes back, exactly."""

import csv
import io
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from aktify_sandbox.contract.schema import RESPONSE_ORDER
from aktify_sandbox.leadfiles.export import as_csv
from aktify_sandbox.leadfiles.reader import read

_FIELDS = [name for name in RESPONSE_ORDER if name not in ("metadata", "phoneNumber")]

texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    st.text(
        st.sampled_from(["\r", "\n", '"', ",", ";", "\t", " ", "\0", "=", "a", "\x85", "\u2028", "\ufeff"])
    ),
    st.sampled_from(["", "=1+1", "@x", "-1", "{}", "null", "sep=;", '""', "\r\n"]),
)
leads = st.builds(
    lambda fields, metadata: fields | ({} if metadata is None else {"metadata": metadata}),
    st.dictionaries(st.sampled_from(_FIELDS), texts, max_size=4).map(
        lambda fields: {"phoneNumber": "(509) 555-1234"} | fields
    ),
    st.none() | st.dictionaries(texts, texts, max_size=3),
)


def exported(*leads: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"campaign": "demo", "phone": "+15095551234", "lead": lead} for lead in leads]


@given(st.lists(leads, min_size=1, max_size=3))
@example([{"phoneNumber": "5095551234", "firstName": "a\rb", "metadata": {"a": "\r"}}])
@example([{"phoneNumber": "5095551234", "firstName": ""}, {"phoneNumber": "5095551235"}])
@example([{"phoneNumber": "5095551234", "metadata": {}}])
@example([{"phoneNumber": "5095551234", "metadata": {" a": "1", "a": "2", "a;b;c;d": "3"}}])
def test_every_lead_comes_back_exactly(wanted: list[dict[str, Any]]) -> None:
    content = as_csv(exported(*wanted)).encode()
    assert [row.document for row in read(content, "leads.csv").rows()] == exported(*wanted)


def test_an_ordinary_lead_is_a_row_of_cells_and_nothing_more() -> None:
    lead = {"phoneNumber": "5095551234", "firstName": "=1+1", "metadata": {"source": "web"}}
    [row] = csv.DictReader(io.StringIO(as_csv(exported(lead)), newline=""))
    assert row == {
        "campaign": "demo",
        "phone": "+15095551234",
        "phoneNumber": "5095551234",
        "firstName": "=1+1",
        "metadata.source": "web",
    }


def test_a_cell_that_was_edited_counts_more_than_the_json_beside_it() -> None:
    text = as_csv(exported({"phoneNumber": "5095551234", "firstName": "Ann", "lastName": ""}))
    [row] = read(text.replace(",Ann,", ",Bob,").encode(), "leads.csv").rows()
    assert row.lead == {"phoneNumber": "5095551234", "firstName": "Bob", "lastName": ""}
