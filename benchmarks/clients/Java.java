// Java's own client: `java Java.java URL KEY LEAD CONCURRENCY START DIFFERENT SECONDS COUNT` posts leads for SECONDS,
// or COUNT of them, and prints the answers by status. `phone` is phone_number of leads.py. It asks for HTTP/1.1: by default
// it offers an upgrade to HTTP/2 with each request, and uvicorn with httptools never answers a POST that does.

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

class Java {
    static String phone(int place) {
        int area = (2 + place % 8) * 100 + place / 8 % 9 * 10 + 2 + place / 72 % 8;
        return "(" + area + ") 555-" + (1000 + place / 576 % 9000);
    }

    public static void main(String[] arguments) throws Exception {
        URI url = URI.create(arguments[0]);
        int concurrency = Integer.parseInt(arguments[3]);
        int start = Integer.parseInt(arguments[4]);
        int different = Integer.parseInt(arguments[5]);
        int count = Integer.parseInt(arguments[7]);
        long end = System.nanoTime() + (long) (Double.parseDouble(arguments[6]) * 1e9);
        HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        Map<Integer, AtomicInteger> statuses = new ConcurrentHashMap<>();
        AtomicInteger sent = new AtomicInteger();
        var threads = Executors.newFixedThreadPool(concurrency);
        var working = IntStream.range(0, concurrency).mapToObj(worker -> threads.submit(() -> {
            for (;;) {
                int number = sent.getAndIncrement();
                if (count > 0 ? number >= count : System.nanoTime() > end) return null;
                String body = arguments[2].replace("{phone}", phone((start + number) % different));
                HttpRequest request = HttpRequest.newBuilder(url).header("x-api-key", arguments[1])
                    .header("content-type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofString(body)).build();
                int status = client.send(request, HttpResponse.BodyHandlers.ofString()).statusCode();
                statuses.computeIfAbsent(status, it -> new AtomicInteger()).incrementAndGet();
            }
        })).collect(Collectors.toList());
        for (Future<?> each : working) each.get();
        System.out.println(statuses.entrySet().stream()
            .map(each -> "\"" + each.getKey() + "\": " + each.getValue())
            .collect(Collectors.joining(", ", "{\"statuses\": {", "}}")));
        System.exit(0);
    }
}
