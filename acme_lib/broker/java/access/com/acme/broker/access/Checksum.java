// One SHA-256 over the configuration files as this broker reads them; acme_lib.broker.config computes the same.
package com.acme.broker.access;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

final class Checksum {

    private static final List<String> FILES = List.of(
            "conf/config.xml",
            "extensions/acme-access/hivemq-extension.xml",
            "extensions/acme-access/permissions.xml");

    private Checksum() {}

    static String of(final File home) throws IOException, NoSuchAlgorithmException {
        final MessageDigest digest = MessageDigest.getInstance("SHA-256");
        for (final String name : FILES) {
            digest.update((name + "\0").getBytes(StandardCharsets.UTF_8));
            digest.update(Files.readAllBytes(home.toPath().resolve(name)));
            digest.update((byte) 0);
        }
        return HexFormat.of().formatHex(digest.digest());
    }
}
