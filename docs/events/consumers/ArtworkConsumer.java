import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * A consumer of the public topic in Java: which orders have which artwork.
 *
 * <p>Needs kafka-clients and jackson-databind: {@code java -cp 'libs/*' ArtworkConsumer.java kafka.example:9092 my-fulfilment}.
 * One JSON line per order and change on standard output; a third argument ends it after so many changes.
 */
public final class ArtworkConsumer {
    private static final String TOPIC = "printworks.artwork.v1";
    private static final String WANTED = "printworks.order-artwork.changed.v1";
    private static final ObjectMapper JSON = new ObjectMapper();

    public static void main(String[] arguments) throws Exception {
        long changes = arguments.length > 2 ? Long.parseLong(arguments[2]) : Long.MAX_VALUE;
        Properties settings = new Properties();
        settings.put("bootstrap.servers", arguments[0]);
        settings.put("group.id", arguments[1]);
        settings.put("auto.offset.reset", "earliest");
        settings.put("enable.auto.commit", "false");
        // Yours is a table: the newest version of each order. Keep it where the effect is, in the same transaction.
        Map<String, Long> versions = new HashMap<>();
        try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new ByteArrayDeserializer())) {
            consumer.subscribe(List.of(TOPIC));
            while (changes > 0) {
                for (ConsumerRecord<String, byte[]> record : consumer.poll(Duration.ofSeconds(1))) {
                    // A type that is not known is not an error: more may be added.
                    if (changes == 0 || record.value() == null || !WANTED.equals(type(record))) {
                        continue;
                    }
                    JsonNode order = JSON.readTree(record.value());
                    String key = order.get("shop").asText() + "/" + order.get("order_id").asText();
                    // A repeat has the same version, a late one a lower: neither changes anything.
                    if (order.get("version").asLong() > versions.getOrDefault(key, -1L)) {
                        versions.put(key, order.get("version").asLong());
                        act(order);
                        changes--;
                    }
                }
                // First the effect, then the commit: after a crash the records come again.
                consumer.commitSync();
            }
        }
    }

    private static String type(ConsumerRecord<String, byte[]> record) {
        Header header = record.headers().lastHeader("ce_type");
        return header == null ? null : new String(header.value(), StandardCharsets.UTF_8);
    }

    /** Here: tell. There: fetch the links of {@code artwork_files} and print them when the status is {@code ready}. */
    private static void act(JsonNode order) throws Exception {
        ObjectNode told = JSON.createObjectNode();
        told.put("order", order.get("order_id").asText());
        // No status: the order has nothing customised any more, or was cancelled.
        told.set("status", order.get("artwork_status"));
        told.set("files", order.has("artwork_files") ? order.get("artwork_files") : JSON.createArrayNode());
        System.out.println(JSON.writeValueAsString(told));
    }
}
