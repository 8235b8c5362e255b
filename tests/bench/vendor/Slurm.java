import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The Slurm plugin: the clusters of ef.slurm.conf, and what users do with them, all through the agent as the user. */
final class Slurm {
    /** How long a command of Slurm may take, in seconds. */
    private static final int LIMIT = 30;
    // ef.slurm.conf is a shell file, so a shell reads it. Without SLURM_CLUSTER_IDS it is the vendor's own, for the one
    // cluster of the commands' default configuration.
    private static final String READ = ". \"$0\" > /dev/null || exit\n"
        + "[[ -n $SLURM_BINDIR ]] || { echo 'ef.slurm.conf has no SLURM_BINDIR' >&2; exit 1; }\n"
        + "echo \"$SLURM_BINDIR\"\n"
        + "if [[ -z ${SLURM_CLUSTER_IDS+set} ]]; then printf 'SLURM\\t%s\\t\\n' \"$SLURM_CLUSTER_LABEL\"; exit; fi\n"
        + "[[ -z ${SLURM_CLUSTER_LABEL+set} ]] ||\n"
        + "  { echo 'ef.slurm.conf has SLURM_CLUSTER_IDS and a lone SLURM_CLUSTER_LABEL' >&2; exit 1; }\n"
        + "for id in ${SLURM_CLUSTER_IDS//,/ }; do\n"
        + "  label=SLURM_CLUSTER_${id}_LABEL conf=SLURM_CLUSTER_${id}_CONF\n"
        + "  [[ -n ${!conf} ]] || { echo \"ef.slurm.conf has no $conf\" >&2; exit 1; }\n"
        + "  printf '%s\\t%s\\t%s\\n' \"$id\" \"${!label:-$id}\" \"${!conf}\"\n"
        + "done\n";

    private final Path conf;
    private final Users users;

    Slurm(Path top, Users users) {
        conf = top.resolve("conf/plugins/slurm/ef.slurm.conf");
        this.users = users;
    }

    /** The clusters by id, each with id, label and conf (blank: the default), as ef.slurm.conf lists them now. */
    Map<String, Map<String, Object>> clusters() throws Failure {
        return clusters(read());
    }

    private static Map<String, Map<String, Object>> clusters(List<String> lines) {
        Map<String, Map<String, Object>> clusters = new LinkedHashMap<>();
        for (String line : lines.subList(1, lines.size())) {
            String[] parts = line.split("\t", -1);
            clusters.put(parts[0], Json.object("id", parts[0], "label", parts[1], "conf", parts[2]));
        }
        return clusters;
    }

    /** One of some clusters. */
    static Map<String, Object> known(Map<String, Map<String, Object>> clusters, String id) throws Failure {
        if (!clusters.containsKey(id)) {
            throw new Failure(404, "there is no cluster " + id);
        }
        return clusters.get(id);
    }

    /** SLURM_BINDIR, then a line for each cluster: id, label and conf with tabs between. */
    private List<String> read() throws Failure {
        Command.Outcome read;
        try {
            List<String> shell = List.of("/bin/bash", "-c", READ, conf.toString());
            read = Command.run(shell, Map.of("PATH", "/usr/bin:/bin"), "", 10);
        } catch (IOException error) {
            throw new Failure(500, error.getMessage());
        }
        if (read.status != 0) {
            throw new Failure(500, read.err.strip());
        }
        return read.out.lines().collect(Collectors.toList());
    }

    /** Submits a script from a folder of the user's. The job's id is the first part of what is printed. */
    Command.Outcome submit(String user, String cluster, String folder, Map<String, String> form) throws Failure {
        List<String> words = new ArrayList<>(List.of("--parsable"));
        if (!form.getOrDefault("job_name", "").isBlank()) {
            words.add("--job-name=" + form.get("job_name"));
        }
        if (!form.getOrDefault("queue", "").isBlank()) {
            words.add("--partition=" + form.get("queue"));
        }
        for (String word : form.getOrDefault("options", "").strip().split("\\s+")) {
            if (!word.isEmpty()) {
                words.add(word);
            }
        }
        words.add("command.sh");
        String text = form.get("command").replace("\r\n", "\n");
        String script = (text.startsWith("#!") ? "" : "#!/bin/bash\n") + text + "\n";
        return users.run(user, LIMIT, folder, "cat > command.sh && " + command(cluster, "sbatch", words), script);
    }

    /** The jobs that the cluster has. */
    Map<String, Object> jobs(String user, String cluster) throws Failure {
        return table(user, command(cluster, "squeue", List.of("-o", "%i|%T|%u|%P|%N|%r|%j")),
            List.of("job_id", "state", "user", "queue", "nodes", "reason", "name"));
    }

    /** What the cluster's accounting knows of a job and its steps, or of all of the user's jobs of today. */
    Map<String, Object> accounting(String user, String cluster, String job) throws Failure {
        List<String> words =
            new ArrayList<>(List.of("-P", "-o", "JobID,State,ExitCode,Elapsed,NodeList,Cluster,JobName"));
        if (job != null) {
            words.addAll(List.of("-j", job));
        }
        return table(user, command(cluster, "sacct", words),
            List.of("job_id", "state", "exit_code", "elapsed", "nodes", "cluster", "name"));
    }

    Map<String, Object> cancel(String user, String cluster, String job) throws Failure {
        return result(users.run(user, LIMIT, "", command(cluster, "scancel", List.of(job)), ""));
    }

    /** Status, output and errors, as the portal answers with them. */
    static Map<String, Object> result(Command.Outcome outcome) {
        return Json.object("status", outcome.status, "stdout", outcome.out, "stderr", outcome.err);
    }

    private Map<String, Object> table(String user, String script, List<String> columns) throws Failure {
        Command.Outcome outcome = users.run(user, LIMIT, "", script, "");
        List<Map<String, Object>> rows = new ArrayList<>();
        outcome.out.lines().skip(1).forEach(line -> { // the first is the heading
            String[] parts = line.split("\\|", columns.size());
            Map<String, Object> row = Json.object();
            for (int n = 0; n < parts.length; n++) {
                row.put(columns.get(n), parts[n]);
            }
            rows.add(row);
        });
        return Json.object("status", outcome.status, "stderr", outcome.err, "jobs", rows);
    }

    /** One of Slurm's commands for one cluster, as bash takes it. */
    private String command(String cluster, String name, List<String> words) throws Failure {
        List<String> lines = read();
        Map<String, Object> known = known(clusters(lines), cluster);
        String file = known.get("conf").toString();
        return (file.isEmpty() ? "" : "SLURM_CONF=" + Command.quoted(file) + " ")
            + Command.quoted(lines.get(0) + "/" + name) + " "
            + words.stream().map(Command::quoted).collect(Collectors.joining(" "));
    }

    /** The batch submission service's text, if one is published as the portal wants it; null otherwise. */
    static String published(Path data, String owner) throws IOException {
        Path folder = data.resolve("plugins/applications/services/published/batch");
        if (!Files.isDirectory(folder)) {
            return null;
        }
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.sorted().collect(Collectors.toList())) {
                if (file.toString().endsWith(".xml") && Files.getOwner(file).getName().equals(owner)) {
                    return Files.readString(file);
                }
            }
        }
        return null;
    }
}
