//! Gateway, ServiceEntry, WorkloadEntry and WorkloadGroup.

use super::{is_accepted, is_refused, later};

#[track_caller]
fn server_is_refused(server: &str, expected: &str) {
    is_refused("Gateway", &format!("{{servers: [{{{server}}}]}}"), &format!("spec.servers[0]{expected}"));
}

#[test]
fn servers_listen_at_addresses_for_hosts_of_namespaces() {
    let port = "port: {number: 80, name: http, protocol: HTTP}";
    for (server, expected) in [
        (format!("{port}, hosts: ['*'], bind: here"), ".bind: here is not a valid IP"),
        (
            format!("{port}, hosts: ['*'], bind: 'unix:///run/a'"),
            ".port.number: port number must be 0 for unix domain socket: 80",
        ),
        (format!("{port}, hosts: ['A_B/a.example']"), ".hosts[0]: invalid namespace value \"A_B\" in gateway"),
        (
            "port: {number: 80, name: http, protocol: HTTP, targetPort: 81}, hosts: ['*']".to_owned(),
            ".port.targetPort: targetPort has no impact on Gateways",
        ),
        (
            "port: {number: 90, name: mail, protocol: TCP}, hosts: ['*'], tls: {mode: SIMPLE, credentialName: a}".to_owned(),
            ".tls: server cannot have TLS settings for non HTTPS/TLS ports",
        ),
    ] {
        server_is_refused(&server, expected);
    }
    let spec =
        format!("{{servers: [{{{port}, hosts: [./a.example], bind: 127.0.0.1, defaultEndpoint: a}}]}}");
    let warnings = ["spec.servers[0].defaultEndpoint: has no effect at a gateway, as in Istio".to_owned()];
    is_accepted("Gateway", &spec, &warnings.each_ref().map(String::as_str));
}

#[test]
fn tls_of_a_server_has_what_its_mode_needs() {
    for (tls, expected) in [
        ("{mode: SIMPLE, serverCertificate: a}", ": SIMPLE TLS requires a private key"),
        ("{mode: MUTUAL, serverCertificate: a, privateKey: b}", ": MUTUAL TLS requires a client CA bundle"),
        (
            "{mode: MUTUAL, caCertificates: c, tlsCertificates: [{serverCertificate: a}]}",
            ".tlsCertificates[0]: MUTUAL TLS requires a private key",
        ),
        (
            "{mode: SIMPLE, credentialName: a, credentialNames: [b]}",
            ": only one of credential_name, credential_names, server_certificate/private_key, tls_certificates \
             should be specified",
        ),
        (
            "{mode: ISTIO_MUTUAL, privateKey: a}",
            ".privateKey: ISTIO_MUTUAL TLS cannot have associated private key",
        ),
        (
            "{mode: SIMPLE, credentialName: a, minProtocolVersion: '1.2'}",
            ".minProtocolVersion: unknown value \"1.2\"",
        ),
    ] {
        let server = format!("port: {{number: 443, name: https, protocol: HTTPS}}, hosts: ['*'], tls: {tls}");
        server_is_refused(&server, &format!(".tls{expected}"));
    }
}

/// Checks that a gateway's server serves with these settings of TLS, with exactly these warnings about them.
#[track_caller]
fn tls_is_accepted(tls: &str, warnings: &[&str]) {
    let spec = format!(
        "{{servers: [{{port: {{number: 443, name: https, protocol: HTTPS}}, hosts: ['*'], tls: {tls}}}]}}"
    );
    let warnings: Vec<_> = warnings.iter().map(|warning| format!("spec.servers[0].tls{warning}")).collect();
    let warnings: Vec<_> = warnings.iter().map(String::as_str).collect();
    is_accepted("Gateway", &spec, &warnings);
}

#[test]
fn details_of_a_servers_tls_are_served_and_what_cannot_be_says_so() {
    let whole = "subjectAltNames: [a], verifyCertificateHash: ['AB:@'], verifyCertificateSpki: [@], caCrl: a, \
                 minProtocolVersion: TLSV1_3, insecureSkipVerify: true";
    let whole =
        whole.replacen('@', &"ab".repeat(31), 1).replacen('@', &"A".repeat(43), 1).replace("A]", "A=]");
    tls_is_accepted(&format!("{{mode: MUTUAL, credentialNames: [a, b], {whole}}}"), &[]);
    tls_is_accepted("{mode: OPTIONAL_MUTUAL, credentialName: a, caCertCredentialName: b}", &[]);
    tls_is_accepted("{mode: ISTIO_MUTUAL}", &[]);
    tls_is_accepted("{mode: PASSTHROUGH}", &[]);
    let pins = "verifyCertificateHash: [abc], verifyCertificateSpki: ['?']";
    tls_is_accepted(
        &format!("{{mode: MUTUAL, credentialName: a, {pins}}}"),
        &[
            ".verifyCertificateHash[0]: \"abc\" is no SHA-256, so no certificate is ever this one",
            ".verifyCertificateSpki[0]: \"?\" is no SHA-256, so no certificate is ever this one",
        ],
    );
    tls_is_accepted(
        "{mode: SIMPLE, credentialName: a, cipherSuites: [ROT13, AES128-SHA, ECDHE-RSA-AES128-GCM-SHA256]}",
        &[
            ".cipherSuites[0]: ignoring invalid cipher suites: [ROT13]",
            ".cipherSuites[1]: AES128-SHA is not served: it has no forward secrecy, or is no AEAD",
        ],
    );
    let none = ": no version of TLS is left that is served: connections are refused";
    for limits in ["maxProtocolVersion: TLSV1_1", "minProtocolVersion: TLSV1_3, maxProtocolVersion: TLSV1_2"]
    {
        tls_is_accepted(&format!("{{mode: SIMPLE, credentialName: a, {limits}}}"), &[none]);
    }
    tls_is_accepted(
        "{mode: AUTO_PASSTHROUGH}",
        &[".mode: is accepted, but has no effect yet: connections are refused"],
    );
}

#[test]
fn peers_are_asked_for_port_by_port_where_workloads_are_named() {
    let at = "spec.portLevelMtls";
    for (spec, expected) in [
        (
            "{portLevelMtls: {8080: {mode: STRICT}}}",
            ": mesh/namespace peer authentication cannot have port level mTLS",
        ),
        (
            "{selector: {}, portLevelMtls: {8080: {mode: STRICT}}}",
            ": mesh/namespace peer authentication cannot have port level mTLS",
        ),
        (
            "{selector: {matchLabels: {app: a}}, portLevelMtls: {}}",
            ": port level mTLS, if defined, must have at least one element",
        ),
        (
            "{selector: {matchLabels: {app: a}}, portLevelMtls: {0: {mode: STRICT}}}",
            "[\"0\"]: port must be in range 1..65535",
        ),
        (
            "{selector: {matchLabels: {app: a}}, portLevelMtls: {http: {mode: STRICT}}}",
            "[\"http\"]: port must be in range 1..65535",
        ),
    ] {
        is_refused("PeerAuthentication", spec, &format!("{at}{expected}"));
    }
    is_refused(
        "PeerAuthentication",
        "{mtls: {mode: SOMETIMES}}",
        "spec.mtls.mode: unknown value \"SOMETIMES\"",
    );
    let wild = "spec.selector.matchLabels: wildcard is not supported in selector: \"app=*\"";
    is_refused("PeerAuthentication", "{selector: {matchLabels: {app: '*'}}}", wild);
    is_accepted("PeerAuthentication", "{}", &[]);
    is_accepted("PeerAuthentication", "{mtls: {mode: STRICT}}", &[]);
    let whole =
        "{selector: {matchLabels: {app: a}}, mtls: null, portLevelMtls: {8080: {mode: UNSET}, 81: {}}}";
    is_accepted("PeerAuthentication", whole, &[]);
}

#[test]
fn service_entries_do_not_contradict_themselves() {
    let http = "ports: [{number: 80, name: http, protocol: HTTP}]";
    for (spec, expected) in [
        (format!("hosts: [a.example], addresses: [10.0.0.0/8], resolution: DNS, {http}"), ".addresses: CIDR addresses are allowed only for NONE/STATIC resolution types"),
        (format!("hosts: [a.example], addresses: [nowhere], resolution: STATIC, {http}"), ".addresses[0]: nowhere is not a valid IP"),
        (format!("hosts: ['*.a.example'], resolution: DNS, {http}"), ".hosts[0]: hosts must be FQDN if no endpoints are provided for resolution mode DNS"),
        (format!("hosts: [a.example], resolution: DYNAMIC_DNS, {http}"), ".hosts[0]: host \"a.example\" must be a wildcard for resolution mode DYNAMIC_DNS"),
        (format!("hosts: ['*.a.example'], resolution: DYNAMIC_DNS, location: MESH_INTERNAL, {http}"), ".location: MESH_INTERNAL is not possible for resolution mode DYNAMIC_DNS"),
        ("hosts: [a.example, b.example], resolution: STATIC, ports: [{number: 25, name: mail, protocol: TCP}]".to_owned(), ".ports: multiple hosts provided with non-HTTP, non-TLS ports"),
        ("hosts: [a.example], resolution: STATIC, ports: [{number: 25, name: mail, protocol: SMTP}]".to_owned(), ".ports[0].protocol: unsupported protocol: SMTP"),
        ("hosts: [a.example], resolution: STATIC, ports: [{number: 80, name: a_b, protocol: HTTP}]".to_owned(), ".ports[0].name: invalid port name: a_b"),
        (format!("hosts: [a.example], resolution: STATIC, exportTo: ['~', .], {http}"), ".exportTo: cannot export service entry to no one (~) and someone"),
        (format!("hosts: [a.example], resolution: STATIC, workloadSelector: {{labels: {{'': a}}}}, {http}"), ".workloadSelector: empty key is not supported in selector: \"=a\""),
    ] {
        is_refused("ServiceEntry", &format!("{{{spec}}}"), &format!("spec{expected}"));
    }
}

#[test]
fn a_part_of_a_label_is_no_wildcard_and_does_no_harm() {
    let spec =
        "{hosts: ['*shop.example'], resolution: STATIC, ports: [{number: 80, name: http, protocol: HTTP}]}";
    is_accepted("ServiceEntry", spec, &["spec.hosts[0]: partial wildcard \"*shop.example\" not allowed"]);
}

#[test]
fn instances_that_cannot_be_reached_yet_are_accepted() {
    let unix = "spec.address: a unix domain socket is accepted, but not reached yet";
    is_accepted("WorkloadEntry", "{address: 'unix:///run/shop'}", &[unix]);
    is_accepted("WorkloadEntry", "{address: 'unix://@shop'}", &[unix]);
    let network = "spec: address is unset with network \"far\": it is not reached yet";
    is_accepted("WorkloadEntry", "{network: far}", &[network]);
    for (spec, expected) in [
        ("{address: 'unix://run'}", "spec.address: run is not an absolute path to a file"),
        ("{address: 'unix:///run/'}", "spec.address: /run/ is not an absolute path to a file"),
        (
            "{address: 'unix:///run', ports: {http: 80}}",
            "spec.ports: unix endpoint unix:///run must not include ports",
        ),
        ("{address: 10.0.0.7, ports: {'@': 80}}", "spec.ports[\"@\"]: invalid port name: @"),
        ("{address: 10.0.0.7, labels: {a: '~'}}", "spec.labels[\"a\"]: invalid tag value: \"~\""),
    ] {
        is_refused("WorkloadEntry", spec, expected);
    }
}

#[test]
fn groups_have_a_template_and_probes_ask_something() {
    let group = |probe: &str| format!("{{template: {{serviceAccount: shop}}, probe: {probe}}}");
    for (spec, expected) in [
        ("{metadata: {labels: {a: b}}}".to_owned(), "spec: template is required"),
        (group("{}"), "spec.probe: unknown health check method"),
        (
            group("{periodSeconds: -1, tcpSocket: {port: 80}}"),
            "spec.probe.periodSeconds: periodSeconds must be non-negative",
        ),
        (
            group("{httpGet: {port: 80, scheme: ftp}}"),
            "spec.probe.httpGet.scheme: httpGet.scheme must be one of \"HTTPS\", \"HTTP\"",
        ),
        (
            group("{httpGet: {port: 0}}"),
            "spec.probe.httpGet.port: port number 0 must be in the range 1..65535",
        ),
        (group("{exec: {command: []}}"), "spec.probe.exec: exec.command is required"),
        (
            group("{grpc: {port: 80}, tcpSocket: {port: 80}}"),
            "spec.probe: httpGet, tcpSocket, exec, grpc exclude one another",
        ),
    ] {
        is_refused("WorkloadGroup", &spec, expected);
    }
    is_accepted("WorkloadGroup", &group("{grpc: {port: 80, service: shop}}"), &[&later("spec")]);
}
