// Starts HiveMQ CE with a larger delivery window: CE allows 50 unacknowledged messages a subscriber whatever its
// Receive Maximum says, and a bridge that commits in groups would stand still on that.
package com.acme.broker.launcher;

import com.hivemq.HiveMQServer;
import com.hivemq.configuration.service.InternalConfigurations;

public final class Launcher {

    private Launcher() {}

    public static void main(final String[] args) throws Exception {
        InternalConfigurations.MAX_INFLIGHT_WINDOW_SIZE_MESSAGES = Integer.getInteger("acme.inflight", 50);
        HiveMQServer.main(args);
    }
}
