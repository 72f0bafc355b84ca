using System.Text.Json.Nodes;

namespace Lumos.Machine;

/// <summary>The answers of an unattended first boot (SmartOS's answers.json).</summary>
public sealed record Answers
{
    /// <summary>"&lt;default&gt;" lets the machine choose by its number of disks.</summary>
    public string PoolLayout { get; init; } = "<default>";

    public string AdminIp { get; init; } = "dhcp";

    public string Hostname { get; init; } = "lumos";

    public required string RootPassword { get; init; }

    /// <summary>Public keys, one a line; root's authorized keys in the global zone.</summary>
    public required string AuthorizedKeys { get; init; }

    public string ToJson(MachineSettings machine) => new JsonObject
    {
        ["config_console"] = "ttyS0",
        ["skip_instructions"] = true,
        ["simple_headers"] = true,
        ["admin_nic"] = machine.Mac,
        ["admin_ip"] = AdminIp,
        ["dns_resolver1"] = QemuCommand.NameServer,
        ["dns_resolver2"] = "8.8.8.8",
        ["dns_search"] = "local",
        ["ntp_host"] = "<default>",
        ["skip_ntp_check"] = true,
        ["zpool_layout"] = PoolLayout,
        ["zpool_confirm_layout"] = "<default>",
        ["bootpool"] = "none",
        ["install_pkgsrc"] = "no",
        ["root_password"] = RootPassword,
        ["root_authorized_keys"] = AuthorizedKeys,
        ["hostname"] = Hostname,
        ["skip_final_summary"] = true,
        ["skip_final_confirm"] = true,
    }.ToJsonString();
}
