namespace Lumos.Node.FirstBoot;

/// <summary>
/// One question of the first boot. The table below is all there is to them: reading answers.json, validating, the messages
/// and (later) the console's prompts follow from it.
/// </summary>
/// <param name="Key">Its name in answers.json.</param>
/// <param name="Prompt">What a person is asked.</param>
/// <param name="Default">What <c>&lt;default&gt;</c> or no answer stands for, given what is answered so far; null: it has to be answered.</param>
/// <param name="Validate">The fault as the rest of a sentence that begins with the key, or null.</param>
/// <param name="Writes">The keys of /usbkey/config (or other files) that it decides.</param>
internal sealed record Question(
    string Key,
    string Prompt,
    Func<Answers, HostFacts, string?> Default,
    Func<string, Answers, HostFacts, string?> Validate,
    params string[] Writes)
{
    /// <summary>Whether what was answered may not be shown.</summary>
    public bool Secret { get; init; }

    /// <summary>Whether it matters, given what is answered so far (no netmask with DHCP).</summary>
    public Func<Answers, bool> Applies { get; init; } = _ => true;
}

/// <summary>The questions, in the order in which they are asked.</summary>
internal static class Questions
{
    internal const string Dhcp = "dhcp";

    internal static IReadOnlyList<Question> All { get; } =
    [
        Dialogue("config_console", "Console to ask on"),
        Dialogue("skip_instructions", "Skip the introduction"),
        Dialogue("simple_headers", "Plain headings"),
        new("admin_nic", "Interface of the admin network (number, name or MAC address)",
            (_, host) => host.Links.Count == 1 ? host.Links[0].Mac.ToString() : null, Check.AdminNic, "admin_nic"),
        new("admin_ip", "Admin IP address (or \"dhcp\")", Required, Check.AdminIp, "admin_ip"),
        new("admin_netmask", "Netmask", Constant("255.255.255.0"), Check.Netmask, "admin_netmask", "admin_network")
            { Applies = IsStatic },
        new("headnode_default_gateway", "Default gateway", Constant("none"), Check.Gateway, "headnode_default_gateway", "admin_gateway")
            { Applies = IsStatic },
        new("dns_resolver1", "Primary DNS server", (a, _) => IsStatic(a) ? "8.8.8.8" : "", Check.Resolver, "dns_resolvers"),
        new("dns_resolver2", "Secondary DNS server", (a, _) => IsStatic(a) ? "8.8.4.4" : "", Check.Resolver, "dns_resolvers"),
        new("dns_search", "Default DNS search domain", Constant(""), Check.Domain, "dns_domain"),
        new("ntp_host", "NTP server", Constant("0.smartos.pool.ntp.org"), Check.HostName, "ntp_hosts", "compute_node_ntp_hosts"),
        Dialogue("skip_ntp_check", "Do not query the NTP server"),
        new("zpool_layout", "Layout of the pool (default, single, mirror, raidz1, raidz2, raidz3 or manual)",
            Constant("default"), Check.Layout, "the pool zones"),
        new("zpool_confirm_layout", "Make the pool so", Constant("y"), Check.Yes),
        new("bootpool", "Boot from the pool", Constant("none"), Check.BootPool),
        new("pisource", "Where the platform image comes from", Constant("none"), Check.PlatformSource),
        new("install_pkgsrc", "Install pkgsrc's tools", Constant("n"), Check.Pkgsrc),
        new("root_password", "Password of root", Required, Check.Password, "/usbkey/shadow") { Secret = true },
        new("hostname", "Host name", NameFromMac, Check.HostLabel, "hostname"),
        Dialogue("skip_final_summary", "Skip the summary"),
        Dialogue("skip_final_confirm", "Begin without asking again"),
        new("root_authorized_keys", "ssh public keys that may log in as root, one a line", Constant(""), Check.AuthorizedKeys,
            "root_authorized_keys_file", "/usbkey/config.inc/authorized_keys"),
    ];

    /// <summary>Other spellings that are understood.</summary>
    internal static IReadOnlyDictionary<string, string> Aliases { get; } =
        new Dictionary<string, string>(StringComparer.Ordinal) { ["admin_mac"] = "admin_nic", ["dns_domain"] = "dns_search" };

    internal static bool IsStatic(Answers answers) => answers["admin_ip"] != Dhcp;

    private static string NameFromMac(Answers answers, HostFacts host)
    {
        var link = (answers["admin_nic"] is { } nic ? Check.FindLink(nic, host) : null) ?? (host.Links.Count > 0 ? host.Links[0] : null);
        return link?.Mac.ToString().Replace(':', '-') ?? "lumos";
    }

    private static string? Required(Answers answers, HostFacts host) => null;

    private static Func<Answers, HostFacts, string?> Constant(string value) => (_, _) => value;

    /// <summary>Keys that steer the dialogue with a person; unattended they change nothing, whatever they say.</summary>
    private static Question Dialogue(string key, string prompt) => new(key, prompt, Constant("y"), (_, _, _) => null);
}
