import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/** What a request asks for: its fields, and what they may be. */
final class Form {
    private static final int LARGEST = 1 << 20; // bytes of a request's body
    private static final int LONGEST = 300; // seconds of a user's command

    private Form() {}

    /** The fields of a POST's body, or else of the query. */
    static Map<String, String> of(HttpExchange exchange) throws IOException, Failure {
        byte[] body = exchange.getRequestBody().readNBytes(LARGEST + 1);
        if (body.length > LARGEST) {
            throw new Failure(413, "the request is too large");
        }
        String query = exchange.getRequestURI().getRawQuery();
        String text = exchange.getRequestMethod().equals("POST") ? new String(body, StandardCharsets.UTF_8) : query;
        Map<String, String> form = new LinkedHashMap<>();
        for (String part : text == null || text.isEmpty() ? new String[0] : text.split("&")) {
            String[] pair = part.split("=", 2);
            try {
                form.put(URLDecoder.decode(pair[0], StandardCharsets.UTF_8),
                    URLDecoder.decode(pair.length == 2 ? pair[1] : "", StandardCharsets.UTF_8));
            } catch (IllegalArgumentException error) {
                throw new Failure(400, "the request is not a form");
            }
        }
        return form;
    }

    /** A field that must not be blank. */
    static String needed(Map<String, String> form, String field) throws Failure {
        if (form.getOrDefault(field, "").isBlank()) {
            throw new Failure(400, "the field " + field + " is missing");
        }
        return form.get(field);
    }

    /** The id of a job, or of one of an array, in the field of that name. */
    static String job(Map<String, String> form) throws Failure {
        String job = needed(form, "job");
        if (!job.matches("[0-9]{1,12}(_[0-9]{1,9})?")) {
            throw new Failure(400, "not the id of a job: " + job);
        }
        return job;
    }

    /** How long a user's command may take. */
    static int seconds(Map<String, String> form) throws Failure {
        String seconds = form.getOrDefault("seconds", "30");
        if (!seconds.matches("[1-9][0-9]{0,2}") || Integer.parseInt(seconds) > LONGEST) {
            throw new Failure(400, "seconds must be 1 to " + LONGEST);
        }
        return Integer.parseInt(seconds);
    }
}
