"""The deciding sentences of Aktify's page on `POST /api/v1/leads`, word for word."""

ONE_LEAD = "Adds a lead to the campaign associated with the API key."
CONTENT_TYPE = "Content type: `application/json` (required)"
PHONE = 'The phone number of the lead (equivalent to "phone" in the legacy leads_v2 API).'
REGION_OR_ZIP = "Required if zipCode is not provided."
STATE_CODES = "Restricted to US state codes."
ZIP = "The zip code of the lead."
EMAIL = "The email of the lead"
CREATED = (
    "The external creation time of the lead in ISO8601 format "
    '(equivalent to "ext_created" in the legacy leads_v2 API).'
)
NOT_BOTH = (
    'Mutually exclusive parameter with "linkToShorten" (one or the other must be provided, but not both).'
)
METADATA = "Must be a key-value object where all values are strings."
INVALID = "Returned if required fields are missing or any provide field is invalid."
CREATED_LEAD = "The created lead with whatever properties were accepted."
UNAUTHORIZED = "Returned if the request was not authorized with a valid x-api-key header."
DUPLICATE = "Returned if the phone number was already submitted to the campaign."
NO_CONTRACT = "Additional details may be in the response body but are not included in the API contract."
