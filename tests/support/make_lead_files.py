"""Writes `fixtures/files/`: what spreadsheets and CRMs make of leads. Run it after changing a file here.

Each file is small and shows one thing; what must come of it stands in `fixtures/files/expected.json`.
"""

from pathlib import Path

FOLDER = Path(__file__).parents[2] / "fixtures" / "files"

FILES: dict[str, bytes] = {
    # what spreadsheets save
    "excel-us-cp1252.csv": (
        "First Name,Last Name,Phone,State,Zip\r\nJosé,Núñez,(509) 555-0101,CA,90210\r\nZoë,O’Brien,5095550102,NY,10001\r\n"
    ).encode("cp1252"),
    "excel-europe-semicolons.csv": (
        "First Name;Phone;State;Zip\r\nRenée;(509) 555-0103;California;90210\r\nFrançois;509-555-0104;ca;90210\r\n"
    ).encode("cp1252"),
    "excel-unicode-text.txt": (
        "Phone\tState\tFirst Name\r\n5095550105\tCA\tZoë\r\n5095550106\tNY\t張\r\n"
    ).encode("utf-16"),
    "utf16-without-mark.txt": "phoneNumber\tregion\r\n5095550107\tCA\r\n".encode("utf-16-le"),
    "utf8-with-mark.csv": "phoneNumber,region,firstName\r\n5095550108,CA,Zoë\r\n".encode("utf-8-sig"),
    "sep-line.csv": b'sep=;\r\nphoneNumber;region;firstName\r\n5095550109;CA;"a;b"\r\n5095550110;XX;c\r\n',
    "pipes.csv": b"phoneNumber|region|firstName\n5095550111|CA|Ann, Bo\n",
    "old-mac-line-ends.csv": b"phoneNumber,region\r5095550112,CA\r5095550113,NY\r",
    "scientific-notation.csv": b"Phone,State\n5.09556E+09,CA\n5.095550114E+09,CA\n5095550115,CA\n",
    "lost-zeros.csv": b"Phone,State,Zip\n6175550116,MA,2139\n2125550117,NY,501\n6175550118,,2139\n6175550119,CA,2139\n6175550120,Massachusetts,2139.0\n",
    "decimals.csv": b"Phone,Zip\n5095550121.0,90210.0\n5095550122.00,90210\n",
    "text-formulas.csv": b'Phone,State,Zip\n="5095550123",CA,="90210"\n\'5095550124,CA,90210\n"=""5095550125""",CA,90210\n',
    "no-break-spaces.csv": "Phone,State,Email\n\u00a05095550126\u00a0,CA\u00a0,a@example.com\n\u202a(509)\u00a0555\u20110127\u202c,CA,\u200bb@example.com\n".encode(),
    "dates.csv": (
        b"Phone,State,Created Date\n5095550128,CA,2026-11-01 14:05\n5095550129,CA,11/02/2026 9:04 AM\n5095550130,CA,45962.58\n"
        b"5095550131,CA,2026-11-01T14:05:00Z\n5095550132,CA,2026-13-01 14:05\n"
    ),
    # what CRMs export
    "facebook-lead-ads.csv": (
        b"id,created_time,ad_name,full_name,phone_number,state,zip_code,email\n"
        b"l:1,2026-11-01T14:05:00-0600,Fall,Ann Lee,p:+12125550133,NY,z:10001,a@example.com\n"
        b"l:2,2026-11-01T14:06:00-0600,Fall,Bo Ray,p:+12125550134,NY,z:10001,b@example.com\n"
    ),
    "hubspot-contacts.csv": (
        b'"Record ID","First Name","Last Name","Email","Phone Number","State/Region","Postal Code","Create Date","Lead Status"\n'
        b'"501","Ann","Lee","ann@example.com","(212) 555-0135","New York","10001","2026-11-01 14:05",""\n'
        b'"502","Bo","Ray","bo@example.com","+12125550136","NY","10001","","OPEN"\n'
    ),
    "salesforce-leads.csv": (
        b'"First Name","Last Name","Phone","Email","State/Province","Zip/Postal Code","Lead Source","Created Date"\n'
        b'"Ann","Lee","(212) 555-0137","ann@example.com","NY","10001","Web","2026-11-01T14:05:00.000Z"\n'
        b'"Bo","Ray","(212) 555-0138","bo@example","NY","10001","Phone Inquiry",""\n'
    ),
    "salesforce-two-phones.csv": b'"Phone","MobilePhone","State"\n"(212) 555-0139","","NY"\n',
    "export-of-leads.csv": b"campaign,phone,phoneNumber,region\ndemo,+15095550140,(509) 555-0140,CA\n",
    "metadata.csv": b"Phone,State,metadata.colour,Notes\n5095550141,CA,blue,call late\n5095550142,CA,,\n",
    # the form of the table
    "quoted-line-breaks.csv": b'phoneNumber,region,lastName\n5095550143,CA,"two\nlines, and a comma"\n5095550144,XX,"say ""hi"""\n',
    "duplicate-headers.csv": b"Phone,State,Phone\n5095550145,CA,5095550146\n",
    "duplicate-unknown-headers.csv": b"Phone,State,Notes,Notes\n5095550147,CA,a,b\n",
    "title-and-date-above.csv": b"Leads of November,,\nexported 2026-11-25,,\n,,\nPhone,State,\n5095550148,CA,\n\n5095550149,CA,,\n,,\n",
    "blank-rows.csv": b"\n\nphoneNumber,region\n\n5095550150,CA\n , \n5095550151,CA\n\n",
    "short-rows.csv": b"phoneNumber,region,zipCode,email\n5095550152,CA\n5095550153\n",
    "more-cells-than-columns.csv": b"phoneNumber,region\n5095550154,CA,Ann\n5095550155,CA,\n5095550156,CA\n",
    "column-without-a-name.csv": b"phoneNumber,,region\n5095550157,x,CA\n5095550158,,CA\n",
    "duplicates.csv": b"Phone,State\n(509) 555-0159,CA\n509.555.0159,CA\n5095550160,XX\n5095550160,CA\n+1 509 555 0160,CA\n",
    "repair-makes-a-duplicate.csv": b"Phone,State\n5095550161,ca\n5095550161,CA\n5095550162,ca\n5095550162,nv\n",
    "hostile.csv": (
        "Phone,State,First Name\n5095550163,CA,=cmd|'/c calc'!A0\n5095550164,CA,<img src=x onerror=alert(1)>\n"
        "5095550165,CA,\u202egnp.exe\n5095550166,CA,a\x00b\x1b[31m\n"
    ).encode(),
    # what can't be read
    "unclosed-quote-first.csv": b'phoneNumber,region,firstName\n5095550167,CA,"Al\n5095550168,CA,Bo\n5095550169,CA,Cy\n',
    "unclosed-quote-middle.csv": b'phoneNumber,region,firstName\n5095550167,CA,Al\n5095550168,CA,"Bo\n5095550169,CA,Cy\n',
    "unclosed-quote-last.csv": b'phoneNumber,region,firstName\n5095550167,CA,Al\n5095550168,CA,Bo\n5095550169,CA,"Cy\n',
    "unclosed-quote-finds-another.csv": b'phoneNumber,region,firstName\n5095550167,CA,"Al\n5095550168,CA,"Bo"\n5095550169,CA,Cy\n',
    "unclosed-quote-swallows-a-lead.csv": b'phoneNumber,region,firstName\n5095550167,CA,"Al\n5095550168,CA,Bo\n5095550169,CA,"\n',
    "unclosed-quote-in-header.csv": b'phoneNumber,"region\n5095550167,CA\n',
    "no-phone-column.csv": b"Contact,State\n5095550170,CA\n5095550171,NY\n",
    "no-header.csv": b"5095550172,CA\n5095550173,NY\n",
    "empty.csv": b"",
    "header-alone.csv": b"phoneNumber,region\n",
    "workbook.xlsx": b"PK\x03\x04\x14\x00\x06\x00",
    "old-workbook.xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "no-text.csv": b"phoneNumber,region\n5095550174,C\x81\n",
    # JSON
    "leads.json": b'[\n  {"phoneNumber": "5095550175", "region": "CA"},\n  {"phoneNumber": "5095550176", "region": "ca"},\n  {"Phone": "5095550177", "region": "CA"},\n  {"phoneNumber": "5095550175", "region": "CA"}\n]\n',
    "leads.jsonl": b'{"phoneNumber": "5095550178", "region": "CA"}\n\n{"phoneNumber": "5095550179", "region": "CA",}\n{"phoneNumber": "5095550180", "metadata": {"a": 1}, "region": "CA"}\n',
    "export.json": b'{"leads": [{"campaign": "demo", "phone": "+15095550181", "lead": {"phoneNumber": "5095550181", "region": "CA"}}]}\n',
    "broken.json": b'[\n  {"phoneNumber": "5095550182", "region": "CA"},\n  {"phoneNumber": \n]\n',
}  # fmt: skip


def main() -> None:
    """Write them all."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, content in FILES.items():
        (FOLDER / name).write_bytes(content)


if __name__ == "__main__":
    main()
