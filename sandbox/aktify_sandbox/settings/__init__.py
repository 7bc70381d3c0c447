"""The settings and their sources: a flag beats the environment, the environment the file, the file the default."""

from aktify_sandbox.settings.campaigns import (
    BUILT_IN_KEYS,
    DEFAULT_CAMPAIGNS,
    WELL_KNOWN_KEYS,
    CampaignSetting,
    KeySetting,
    first_key,
)
from aktify_sandbox.settings.file import CALIBRATION_NAME, FILE_NAME
from aktify_sandbox.settings.flags import PREFIX, Flag
from aktify_sandbox.settings.settings import ERROR_BODIES, Settings, config_schema, fields_for_flags

__all__ = [
    "BUILT_IN_KEYS",
    "CALIBRATION_NAME",
    "DEFAULT_CAMPAIGNS",
    "ERROR_BODIES",
    "FILE_NAME",
    "PREFIX",
    "WELL_KNOWN_KEYS",
    "CampaignSetting",
    "Flag",
    "KeySetting",
    "Settings",
    "config_schema",
    "fields_for_flags",
    "first_key",
]
