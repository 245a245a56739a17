// permissions.xml in memory: identity -> role -> what the role may publish and subscribe to.
package com.acme.broker.access;

import com.hivemq.extension.sdk.api.auth.parameter.TopicPermission;
import com.hivemq.extension.sdk.api.auth.parameter.TopicPermission.MqttActivity;
import com.hivemq.extension.sdk.api.auth.parameter.TopicPermission.PermissionType;
import com.hivemq.extension.sdk.api.services.builder.Builders;
import java.io.File;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

final class Permissions {

    record Grant(String role, List<TopicPermission> topics) {}

    private final Map<String, Grant> grants;

    private Permissions(final Map<String, Grant> grants) {
        this.grants = grants;
    }

    /** The grant of an identity, or null where the identity is unknown. */
    Grant of(final String identity) {
        return identity == null ? null : grants.get(identity);
    }

    int size() {
        return grants.size();
    }

    static Permissions read(final File file) throws Exception {
        final DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
        final Element root = factory.newDocumentBuilder().parse(file).getDocumentElement();
        final Map<String, List<TopicPermission>> roles = new HashMap<>();
        for (final Element role : elements(root, "role")) {
            roles.put(role.getAttribute("name"), topics(role));
        }
        final Map<String, Grant> grants = new HashMap<>();
        for (final Element principal : elements(root, "principal")) {
            final String role = principal.getAttribute("role");
            if (!roles.containsKey(role)) {
                throw new IllegalArgumentException("no role " + role);
            }
            grants.put(principal.getAttribute("identity"), new Grant(role, roles.get(role)));
        }
        return new Permissions(Map.copyOf(grants));
    }

    private static List<TopicPermission> topics(final Element role) {
        final List<TopicPermission> topics = new ArrayList<>();
        for (final Element allow : elements(role, "allow")) {
            topics.add(Builders.topicPermission()
                    .topicFilter(allow.getAttribute("filter"))
                    .activity(MqttActivity.valueOf(allow.getAttribute("activity").toUpperCase()))
                    .type(PermissionType.ALLOW)
                    .build());
        }
        return List.copyOf(topics);
    }

    private static List<Element> elements(final Element parent, final String name) {
        final NodeList found = parent.getElementsByTagName(name);
        final List<Element> elements = new ArrayList<>();
        for (int i = 0; i < found.getLength(); i++) {
            elements.add((Element) found.item(i));
        }
        return elements;
    }
}
