// Prints what the Java SDK's own partition hash says: one line a key, "<hex of UTF-8 key> <p1> <p2> ...".
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;

public class Hashes {
    public static void main(String[] args) throws Exception {
        Class<?> type = Class.forName("com.azure.messaging.eventhubs.PartitionResolver");
        var constructor = type.getDeclaredConstructor();
        constructor.setAccessible(true);
        Object resolver = constructor.newInstance();
        Method assign = type.getDeclaredMethod("assignForPartitionKey", String.class, String[].class);
        assign.setAccessible(true);
        for (String hex : Files.readAllLines(Path.of(args[0]))) {
            String key = new String(HexFormat.of().parseHex(hex), StandardCharsets.UTF_8);
            StringBuilder line = new StringBuilder(hex);
            for (int at = 1; at < args.length; at++) {
                String[] partitions = new String[Integer.parseInt(args[at])];
                for (int n = 0; n < partitions.length; n++) partitions[n] = Integer.toString(n);
                line.append(' ').append(assign.invoke(resolver, key, partitions));
            }
            System.out.println(line);
        }
    }
}
