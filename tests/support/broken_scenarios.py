"""Scenario files as people break them: text, and the place of the first mistake."""

BROKEN = [
    ("", "1:1"),
    ("rules: []", "1:8"),
    ("rules: x", "1:8"),
    ("ruels: []", "1:1"),
    ("rules:\n  - anwser: 503", "2:5"),
    ("rules:\n  - when: {}", "2:5"),
    ("rules:\n  - answer: 503\n  - answer: 500", "2:5"),
    ("rules:\n  - when: {applies: any}\n    answer: 503\n  - when: {region: CA}\n    answer: 500", "2:5"),
    ("rules:\n  - answer: {file: x}\nrules: []", "3:1"),
    ("rules:\n  - answer: !!python/object:os.system x", "2:13"),
    ("rules:\n  - answer: &a 503", "2:13"),
    ("rules:\n  - answer: *a", "2:13"),
    ("rules: &a\n  - *a", "1:8"),
    ("rules:\n\t- answer: 503", "2:1"),
    ("rules:\n  - answer: 503\n---\nrules: []", "4:1"),
    ("rules: [\x07]", "1:1"),
]


WHEN = [
    "regoin: CA",
    "phone: 5095551234",
    "region: [CA]",
    "region: {im: [CA]}",
    "region: {in: CA}",
    "region: {in: []}",
    "region: {in: [CA], matches: x}",
    "region: {}",
    "region: {missing: false}",
    "region: {present: yes}",
    "region: {matches: '['}",
    "region: {matches: '(?=a)b'}",
    "region: {matches: '(a)\\1'}",
    "region: {matches: 'a{999999}'}",
    "phoneNumber: '123'",
    "phoneNumber: {in: ['(509) 555-1234', x]}",
    "attempt: 0",
    "attempt: -1",
    "attempt: 1.5",
    "attempt: first",
    "attempt: 3-1",
    "attempt: {every: 0}",
    "attempt: {evry: 2}",
    "elapsed: 5",
    "elapsed: 5s-1s",
    "per: lead",
    "{per: leed, attempt: 1}",
    "chance: 0",
    "chance: 1.1",
    "chance: often",
    "chance: 25%",
    "applies: all",
    "header: x",
    "header: {'a b': x}",
    "metadata: {a: b}",
    "delay: 5s",
]


ANSWER = [
    "99",
    "600",
    "natral",
    "flaky",
    "[503, flaky]",
    "true",
    "[]",
    "{}",
    "[503, natral]",
    "[[503]]",
    "{status: '503'}",
    "{status: 5o3}",
    "{stauts: 503}",
    "{status: 503, headers: {X: [a]}}",
    '{status: 503, headers: {X: "a\\r\\nSet-Cookie: b"}}',
    '{status: 503, headers: {X: "a\\0b"}}',
    '{status: 503, headers: {X: "\\u0151"}}',
    "{status: 503, headers: {X: ' a'}}",
    "{status: 503, headers: {'a b': c}}",
    '{status: 503, headers: {"a\\nb": c}}',
    "{status: 503, headers: {Content-Length: '5'}}",
    "{status: 503, headers: {Transfer-Encoding: chunked}}",
    "{body: x}",
    "{status: 204, body: x}",
    "{status: 503, body: {file: none.html}}",
    "{status: 503, body: {file: ../../../etc/passwd}}",
    "{status: 503, body: {file: /etc/passwd}}",
    "{delay: 5}",
    "{delay: 5m}",
    "{delay: 301s}",
    "{delay: {from: 2s, to: 1s}}",
    "{delay: {from: 2s}}",
    "{fault: hnag}",
    "{fault: Timeout}",
    "{fault: hang, status: 503}",
    "{fault: reset, body: x}",
    "{fault: empty, headers: {A: b}}",
    "{fault: truncate, status: 204}",
    "{lead: kept}",
    "{lead: lost, status: 503}",
    "{gather: 1}",
    "{gather: 101}",
    "{gather: 2, status: 503}",
    "{gather: 2, fault: hang}",
    "{shuffle: false}",
    "{shuffle: true, status: 503}",
    "{gather: 2, shuffle: true}",
]


WHENS = [written if written.startswith("{") else f"{{{written}}}" for written in WHEN]


CASES = [
    *BROKEN,
    *((f"rules:\n  - when: {when}\n    answer: 503", "2:") for when in WHENS),
    *((f"rules:\n  - answer: {answer}", "2:") for answer in ANSWER),
    *(
        (f"description: fine\nrules:\n  - when: {{region: CA}}\n    answer: {answer}", "4:")
        for answer in ANSWER
    ),
    *((f"rules:\n  - answer: [natural, natral]\n    when: {when}", "2:") for when in WHENS),
    *(
        (f"rules:\n  - when: {{region: CA}}\n    answer: 429\n  - when: {when}\n    answer: natural", "4:")
        for when in WHENS
        if when != "{per: lead}"  # which counts nothing: that is said of the answer above it
    ),
]
