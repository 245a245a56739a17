// One connection: its identity (client certificate's common name, else user name), its role, and nothing beyond that.
package com.acme.broker.access;

import com.hivemq.extension.sdk.api.auth.SimpleAuthenticator;
import com.hivemq.extension.sdk.api.packets.auth.ModifiableDefaultPermissions;
import com.hivemq.extension.sdk.api.auth.parameter.SimpleAuthInput;
import com.hivemq.extension.sdk.api.auth.parameter.SimpleAuthOutput;
import com.hivemq.extension.sdk.api.auth.parameter.TopicPermission;
import com.hivemq.extension.sdk.api.client.parameter.ClientTlsInformation;
import com.hivemq.extension.sdk.api.packets.auth.DefaultAuthorizationBehaviour;
import com.hivemq.extension.sdk.api.packets.connect.ConnackReasonCode;
import java.security.cert.X509Certificate;
import java.util.Optional;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

final class AccessAuthenticator implements SimpleAuthenticator {

    private static final Logger LOG = LoggerFactory.getLogger(AccessAuthenticator.class);

    private final Permissions permissions;

    AccessAuthenticator(final Permissions permissions) {
        this.permissions = permissions;
    }

    @Override
    public void onConnect(final SimpleAuthInput input, final SimpleAuthOutput output) {
        final String identity = identity(input);
        final Permissions.Grant grant = permissions.of(identity);
        if (grant == null) {
            LOG.warn("Acme access: refused client {}: unknown identity {}", printable(input.getClientInformation().getClientId()), printable(identity));
            output.failAuthentication(ConnackReasonCode.NOT_AUTHORIZED, "unknown identity; roles.yaml lists who may connect");
            return;
        }
        final ModifiableDefaultPermissions allowed = output.getDefaultPermissions();
        allowed.setDefaultBehaviour(DefaultAuthorizationBehaviour.DENY);
        for (final TopicPermission topic : grant.topics()) {
            allowed.add(topic);
        }
        output.authenticateSuccessfully();
    }

    /** On a TLS listener the certificate alone counts: a user name there proves nothing. */
    private static String identity(final SimpleAuthInput input) {
        final Optional<ClientTlsInformation> tls = input.getConnectionInformation().getClientTlsInformation();
        if (tls.isPresent()) {
            return tls.get().getClientCertificate().map(AccessAuthenticator::commonName).orElse(null);
        }
        return input.getConnectPacket().getUserName().orElse(null);
    }

    private static String commonName(final X509Certificate certificate) {
        try {
            for (final Rdn part : new LdapName(certificate.getSubjectX500Principal().getName()).getRdns()) {
                if (part.getType().equalsIgnoreCase("CN")) {
                    return String.valueOf(part.getValue());
                }
            }
            return null;
        } catch (final InvalidNameException e) {
            return null;
        }
    }

    /** A client chooses these words: no line breaks of theirs in our log. */
    private static String printable(final String words) {
        return words == null ? "(none)" : words.replaceAll("\\p{Cntrl}", "?");
    }
}
