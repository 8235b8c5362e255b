import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Runs commands within a time: whatever they started and is still theirs is killed when it is over. */
final class Command {
    static final int OUT_OF_TIME = 124; // as timeout(1) says it
    private static final int LARGEST = 1 << 20; // bytes kept of each output; more is read and dropped

    /** How a command ended. */
    static final class Outcome {
        final int status;
        final String out;
        final String err;

        Outcome(int status, String out, String err) {
            this.status = status;
            this.out = out;
            this.err = err;
        }
    }

    private Command() {}

    /** Runs a command in / with text on its standard input, for at most some seconds; null is the JVM's environment. */
    static Outcome run(List<String> command, Map<String, String> environment, String input, int seconds)
            throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command).directory(new java.io.File("/"));
        if (environment != null) {
            builder.environment().clear();
            builder.environment().putAll(environment);
        }
        Process process = builder.start();
        Drain out = new Drain(process.getInputStream());
        Drain err = new Drain(process.getErrorStream());
        Thread feed = new Thread(() -> feed(process.getOutputStream(), input));
        feed.start();
        try {
            boolean ended = process.waitFor(seconds, TimeUnit.SECONDS);
            if (!ended) {
                kill(process);
            }
            // What went on in the background may keep the outputs open: it is not waited for.
            String text = out.text();
            String errors = err.text();
            return ended ? new Outcome(process.exitValue(), text, errors)
                : new Outcome(OUT_OF_TIME, text, errors + "ended after " + seconds + " s\n");
        } catch (InterruptedException stopped) {
            kill(process);
            throw new IOException("interrupted", stopped);
        }
    }

    /** A word as bash takes it literally. */
    static String quoted(String word) {
        return "'" + word.replace("'", "'\\''") + "'";
    }

    private static void kill(Process process) {
        for (int n = 0; n < 20 && process.descendants().findAny().isPresent(); n++) { // they may be forking meanwhile
            process.descendants().forEach(ProcessHandle::destroyForcibly);
        }
        process.destroyForcibly();
    }

    private static void feed(OutputStream stream, String input) {
        try (stream) {
            stream.write(input.getBytes(StandardCharsets.UTF_8));
        } catch (IOException unread) {
            // A command need not read its standard input.
        }
    }

    /** Reads an output to its end, so that the command never waits for its reader. */
    private static final class Drain extends Thread {
        private final InputStream stream;
        private final java.io.ByteArrayOutputStream kept = new java.io.ByteArrayOutputStream();

        Drain(InputStream stream) {
            this.stream = stream;
            setDaemon(true);
            start();
        }

        @Override
        public void run() {
            byte[] buffer = new byte[8192];
            try {
                for (int n = stream.read(buffer); n >= 0; n = stream.read(buffer)) {
                    synchronized (kept) {
                        kept.write(buffer, 0, Math.min(n, LARGEST - kept.size()));
                    }
                }
            } catch (IOException closed) {
                // Killed: what came until then counts.
            }
        }

        String text() throws InterruptedException {
            join(1000);
            synchronized (kept) {
                return kept.toString(StandardCharsets.UTF_8);
            }
        }
    }
}
