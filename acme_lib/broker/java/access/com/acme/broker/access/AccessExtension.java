// Who may connect and what each may do, from permissions.xml beside this extension. Runs unchanged on HiveMQ Platform.
package com.acme.broker.access;

import com.hivemq.extension.sdk.api.ExtensionMain;
import com.hivemq.extension.sdk.api.parameter.ExtensionStartInput;
import com.hivemq.extension.sdk.api.parameter.ExtensionStartOutput;
import com.hivemq.extension.sdk.api.parameter.ExtensionStopInput;
import com.hivemq.extension.sdk.api.parameter.ExtensionStopOutput;
import com.hivemq.extension.sdk.api.services.Services;
import java.io.File;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

public final class AccessExtension implements ExtensionMain {

    private static final Logger LOG = LoggerFactory.getLogger(AccessExtension.class);

    @Override
    public void extensionStart(final ExtensionStartInput input, final ExtensionStartOutput output) {
        final File home = input.getServerInformation().getHomeFolder();
        final File folder = input.getExtensionInformation().getExtensionHomeFolder();
        try {
            final Permissions permissions = Permissions.read(new File(folder, "permissions.xml"));
            final AccessAuthenticator authenticator = new AccessAuthenticator(permissions);
            Services.securityRegistry().setAuthenticatorProvider(in -> authenticator);
            LOG.info("Acme access: {} identities; configuration checksum {}", permissions.size(), Checksum.of(home));
        } catch (final Exception e) {
            output.preventExtensionStartup("permissions.xml: " + e.getMessage());
        }
    }

    @Override
    public void extensionStop(final ExtensionStopInput input, final ExtensionStopOutput output) {}
}
