package auroch;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Runs checks, each of one behaviour, and prints a line for each: {@code ok NAME}, or {@code not ok NAME: why}. */
final class Checks {
    /** For one answer, far more than any needs. */
    static final long LIMIT_SECONDS = 20;

    /** A behaviour, which throws if it is another one. */
    interface Check {
        void run() throws Exception;
    }

    private final String client;
    private final Map<String, Check> checks = new LinkedHashMap<>();

    Checks(String client) {
        this.client = client;
    }

    Checks add(String name, Check check) {
        checks.put(name, check);
        return this;
    }

    /** Runs all, in order. Returns how many failed. */
    int run() {
        int failed = 0;
        for (var check : checks.entrySet()) {
            String name = client + ": " + check.getKey();
            try {
                check.getValue().run();
                System.out.println("ok " + name);
            } catch (Exception | AssertionError error) {
                failed += 1;
                System.out.println("not ok " + name + ": " + error);
                error.printStackTrace();
            }
        }
        return failed;
    }

    static void equal(Object got, Object wanted) {
        if (!Objects.equals(got, wanted)) {
            throw new AssertionError("got " + got + ", wanted " + wanted);
        }
    }

    /** The answer, which has to come. */
    static <T> T soon(CompletableFuture<T> answer) throws Exception {
        return answer.get(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    /** Fails unless the answer is a refusal that says why. */
    static void refused(CompletableFuture<?> answer, String why) throws InterruptedException, TimeoutException {
        try {
            answer.get(LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException error) {
            for (Throwable cause = error; cause != null; cause = cause.getCause()) {
                if (String.valueOf(cause.getMessage()).contains(why)) {
                    return;
                }
            }
            throw new AssertionError("refused for another reason", error);
        }
        throw new AssertionError("it was not refused: " + why);
    }
}
