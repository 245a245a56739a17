// Sends through the local door with Microsoft's Java client: SAS over TLS, a batch with a key, one to a partition, one event.
import com.azure.core.amqp.AmqpTransportType;
import com.azure.messaging.eventhubs.EventData;
import com.azure.messaging.eventhubs.EventHubClientBuilder;
import com.azure.messaging.eventhubs.EventHubProducerClient;
import com.azure.messaging.eventhubs.models.CreateBatchOptions;
import java.util.ArrayList;
import java.util.List;

public class Send {
    public static void main(String[] args) {
        EventHubProducerClient producer = new EventHubClientBuilder()
            .connectionString(args[0], "telemetry")
            .customEndpointAddress(args[1])
            .transportType(AmqpTransportType.AMQP)
            .buildProducerClient();
        List<String> partitions = new ArrayList<>();
        producer.getPartitionIds().forEach(partitions::add);
        var keyed = producer.createBatch(new CreateBatchOptions().setPartitionKey(args[2]));
        for (int n = 0; n < 3; n++) keyed.tryAdd(new EventData("keyed-" + n));
        producer.send(keyed);
        var direct = producer.createBatch(new CreateBatchOptions().setPartitionId("2"));
        for (int n = 0; n < 2000; n++) direct.tryAdd(new EventData("direct-" + n + "-" + "x".repeat(300)));
        producer.send(direct);
        System.out.println(String.join(",", partitions) + " " + producer.getPartitionProperties("2").getLastEnqueuedSequenceNumber());
        producer.close();
    }
}
