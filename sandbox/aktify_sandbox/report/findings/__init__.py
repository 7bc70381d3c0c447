"""The findings: every rule by its id."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from . import fields, key, many, repeating, retrying, values
from .rule import FindingRule


def _table(rules: Iterable[FindingRule]) -> Mapping[str, FindingRule]:
    return MappingProxyType({rule.id: rule for rule in rules})


RULES: Mapping[str, FindingRule] = _table(
    (
        fields.LEGACY_FIELD_NAME,
        key.KEY_IN_WRONG_PLACE,
        key.KEY_DAMAGED,
        fields.BOTH_LINKS,
        fields.NO_REGION_OR_ZIP,
        values.ZIP_LOST_ZERO,
        values.REGION_BY_NAME,
        values.PHONE_DAMAGED,
        values.PLACEHOLDER_VALUE,
        fields.METADATA_NOT_STRING,
        values.DATE_FORM,
        values.DATE_WITHOUT_OFFSET,
        values.DATE_IN_FUTURE,
        fields.MANY_LEADS_IN_ONE,
        repeating.PARALLEL_DUPLICATE,
        repeating.RESENT_4XX,
        repeating.POSTS_AFTER_401,
        retrying.GAVE_UP_AFTER_FAILURE,
        retrying.IGNORED_RETRY_AFTER,
        retrying.RETRY_WITHOUT_PAUSE,
        retrying.RETRY_WITHOUT_END,
        retrying.NEW_ID_ON_RETRY,
        retrying.DUPLICATE_TAKEN_AS_FAILURE,
        retrying.ERROR_BODY_MATTERS,
        key.ORIGIN_HEADER,
        many.CONSTANT_FIELD,
        many.SHARED_EXTERNAL_ID,
        key.PERSONAL_DATA_IN_QUERY,
        many.CONNECTION_PER_LEAD,
        many.STOOD_ON_RULING,
    )
)
"""In the order in which a report lists them."""
