"""What the page on other languages says, from clients in these languages."""

import re
import subprocess
from pathlib import Path

import pytest

from support.paths import ROOT
from support.running import COMMAND, clean_environment, needs

LANGUAGES = (ROOT / "docs" / "how-to" / "other-languages.md").read_text()
ROWS = dict(re.findall(r"^\| (\S+)[^|]* \| `(.*?)` \| `exec -- .*` \|$", LANGUAGES, re.MULTILINE))

JAVA = """
import java.net.URI;
import java.net.http.*;

class Post {
    public static void main(String[] words) throws Exception {
        String origin = %s;
        HttpRequest request = HttpRequest.newBuilder(URI.create(origin + "/api/v1/leads"))
            .header("x-api-key", System.getenv("AKTIFY_API_KEY"))
            .header("content-type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString("{\\"phoneNumber\\": \\"5095550100\\", \\"region\\": \\"CA\\"}"))
            .build();
        System.out.print(HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString()).statusCode());
    }
}
"""
GO = """
package main

import ("fmt"; "log"; "net/http"; "os"; "strings")

func main() {
    %s
    lead := strings.NewReader(`{"phoneNumber": "5095550100", "region": "CA"}`)
    request, _ := http.NewRequest("POST", origin+"/api/v1/leads", lead)
    request.Header.Set("x-api-key", os.Getenv("AKTIFY_API_KEY"))
    request.Header.Set("content-type", "application/json")
    answer, err := http.DefaultClient.Do(request)
    if err != nil { log.Fatal(err) }
    fmt.Print(answer.StatusCode)
}
"""
RUBY = """
require 'net/http'
headers = {'x-api-key' => ENV['AKTIFY_API_KEY'], 'content-type' => 'application/json'}
lead = '{"phoneNumber": "5095550100", "region": "CA"}'
print Net::HTTP.post(URI(%s + '/api/v1/leads'), lead, headers).code
"""
PHP = """<?php
$origin = %s;
$headers = "x-api-key: " . getenv('AKTIFY_API_KEY') . "\\r\\ncontent-type: application/json";
$options = ['method' => 'POST', 'header' => $headers, 'content' => '{"phoneNumber": "5095550100", "region": "CA"}'];
file_get_contents("$origin/api/v1/leads", false, stream_context_create(['http' => $options]));
echo substr($http_response_header[0], 9, 3);
"""
NODE = """
%s
const headers = { 'x-api-key': process.env.AKTIFY_API_KEY, 'content-type': 'application/json' }
const body = JSON.stringify({ phoneNumber: '5095550100', region: 'CA' })
const answer = await fetch(`${origin}/api/v1/leads`, { method: 'POST', headers, body })
process.stdout.write(String(answer.status))
"""
PERL = """
use HTTP::Tiny;
my $origin = %s;
my $headers = {'x-api-key' => $ENV{AKTIFY_API_KEY}, 'content-type' => 'application/json'};
my $lead = '{"phoneNumber": "5095550100", "region": "CA"}';
print HTTP::Tiny->new->post("$origin/api/v1/leads", {headers => $headers, content => $lead})->{status};
"""
SHELL = """
curl -s -o /dev/null -w '%%{http_code}' "%s/api/v1/leads" -H "x-api-key: $AKTIFY_API_KEY" \\
  -H 'content-type: application/json' -d '{"phoneNumber": "5095550100", "region": "CA"}'
"""
PROGRAMS = {
    "Node": (NODE, "post.mjs", ["node", "post.mjs"]),
    "Java": (JAVA, "Post.java", ["java", "Post.java"]),
    "Go": (GO, "post.go", ["go", "run", "post.go"]),
    "Ruby": (RUBY, "post.rb", ["ruby", "post.rb"]),
    "PHP": (PHP, "post.php", ["php", "post.php"]),
    "Perl": (PERL, "post.pl", ["perl", "post.pl"]),
    "Shell": (SHELL, "post.sh", ["bash", "post.sh"]),
}


def run(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """`aktify-sandbox exec` with these words."""
    environment = clean_environment(HOME=str(folder), GOFLAGS="-mod=mod", GO111MODULE="off")
    command = [*COMMAND, "exec", *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


def test_every_language_has_a_row() -> None:
    assert set(ROWS) == {*PROGRAMS, "C#"}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_client_takes_its_address_from_where_the_page_says_and_sends_nothing_without(
    name: str, tmp_path: Path
) -> None:
    code, file, command = PROGRAMS[name]
    needs("javac" if name == "Java" else command[0])
    (tmp_path / file).write_text(code % ROWS[name])
    done = run(tmp_path, "--expect", "201 == 1", "--", *command)
    assert (done.returncode, done.stdout) == (0, "201"), done.stderr
    without = ["env", "-u", "AKTIFY_BASE_URL", *command]
    refused = run(tmp_path, "--expect", "requests == 0", "--", *without)
    assert refused.returncode != 0
    assert "AKTIFY_BASE_URL" in refused.stdout + refused.stderr
    assert "api.aktify.io" not in refused.stdout + refused.stderr


# what some clients hide

CURL_IN_PHP = """<?php
function post($curl, $url, $content) {
    $headers = ['x-api-key: ' . getenv('AKTIFY_API_KEY'), 'content-type: application/json'];
    curl_setopt_array($curl, [CURLOPT_URL => $url, CURLOPT_POSTFIELDS => json_encode($content),
        CURLOPT_HTTPHEADER => $headers, CURLOPT_RETURNTRANSFER => true]);
    curl_exec($curl);
    return curl_errno($curl) ?: curl_getinfo($curl, CURLINFO_HTTP_CODE);
}
$curl = curl_init();
$leads = getenv('AKTIFY_BASE_URL') . '/api/v1/leads';
echo post($curl, $leads, ['phoneNumber' => '5095550100', 'region' => 'CA']), ' ';
post(curl_init(), getenv('AKTIFY_SANDBOX_URL') . '/_sandbox/force', ['fault' => $argv[1], 'times' => (int) $argv[2]]);
echo post($curl, $leads, ['phoneNumber' => '5095550101', 'region' => 'CA']);
"""


@pytest.mark.parametrize(
    ("fault", "times", "said", "unanswered"),
    [
        ("reset", 1, "201 201", 1),
        ("reset", 2, "201 56", 2),
        ("empty", 1, "201 201", 1),
        ("empty", 2, "201 52", 2),
        ("truncate", 1, "201 18", 0),
        ("malformed-chunk", 1, "201 56", 0),
    ],
)
def test_libcurl_sends_again_by_itself_and_twice_the_fault_holds(
    tmp_path: Path, fault: str, times: int, said: str, unanswered: int
) -> None:
    if "curl" not in subprocess.run([needs("php"), "-m"], capture_output=True, text=True).stdout.split():
        needs("php's extension curl")
    (tmp_path / "post.php").write_text(CURL_IN_PHP)
    words = ["--expect", f"none == {unanswered}", "--", "php", "post.php", fault, str(times)]
    done = run(tmp_path, *words)
    assert (done.returncode, done.stdout) == (0, said), done.stderr


CUT_OFF = '{"phoneNumber": "5095550165", "region": "CA"}'
TAKES_IT_WHOLE = {
    "ruby": (
        "answer = Net::HTTP.post(URI(ENV['AKTIFY_BASE_URL'] + '/api/v1/leads'), %s,\n"
        "  {'x-api-key' => ENV['AKTIFY_API_KEY'], 'content-type' => 'application/json'})\n"
        "print answer.code, ' ', answer.body.size < answer['content-length'].to_i\n"
    ),
    "php": (
        "<?php $headers = 'x-api-key: ' . getenv('AKTIFY_API_KEY') . \"\\r\\ncontent-type: application/json\";\n"
        "$options = ['http' => ['method' => 'POST', 'header' => $headers, 'content' => %s]];\n"
        "$url = getenv('AKTIFY_BASE_URL') . '/api/v1/leads';\n"
        "$body = file_get_contents($url, false, stream_context_create($options));\n"
        "preg_match('/content-length: (\\d+)/i', implode(' ', $http_response_header), $found);\n"
        "echo substr($http_response_header[0], 9, 3), ' ', strlen($body) < $found[1] ? 'true' : 'false';\n"
    ),
    "perl": (
        'use LWP::UserAgent; my $answer = LWP::UserAgent->new->post("$ENV{AKTIFY_BASE_URL}/api/v1/leads",\n'
        "'x-api-key' => $ENV{AKTIFY_API_KEY}, 'content-type' => 'application/json', Content => %s);\n"
        "print $answer->code, ' ', length($answer->content) < $answer->content_length ? 'true' : 'false';\n"
    ),
}


@pytest.mark.parametrize("name", TAKES_IT_WHOLE)
def test_half_a_201_is_taken_for_a_whole_one(tmp_path: Path, name: str) -> None:
    """No error is raised; only the body's length tells."""
    program = [needs(name), *(["-rnet/http"] if name == "ruby" else [])]
    if (
        name == "perl"
        and subprocess.run(["perl", "-MLWP::UserAgent", "-e", "1"], capture_output=True).returncode
    ):
        needs("perl's module LWP")
    (tmp_path / "post").write_text(TAKES_IT_WHOLE[name] % f"'{CUT_OFF}'")
    done = run(tmp_path, "--", *program, "post")
    assert done.stdout == "201 true", done.stderr
