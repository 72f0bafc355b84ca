using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Lumos.Zones.Bundle;

/// <summary>How a privilege of illumos stands to a zone.</summary>
public enum PrivilegeRank
{
    /// <summary>Every process has it from birth; nothing on Linux takes it away from one.</summary>
    Basic,

    /// <summary>A zone has it unless it is taken away.</summary>
    Default,

    /// <summary>A zone has it only when it is given.</summary>
    Optional,

    /// <summary>As Default, and a zone cannot boot without it.</summary>
    Required,

    /// <summary>No zone may have it.</summary>
    Prohibited,
}

/// <summary>One privilege of illumos and the Linux capabilities that it stands for.</summary>
public sealed record Privilege(string Name, PrivilegeRank Rank, ImmutableArray<string> Capabilities);

/// <summary>What a limit_priv comes to.</summary>
/// <param name="Capabilities">What root may do inside.</param>
/// <param name="Faults">Sentences about what cannot be.</param>
/// <param name="WithoutEffect">Privileges that were given or taken and that nothing on Linux answers to.</param>
public sealed record PrivilegeSet(
    ImmutableArray<string> Capabilities, ImmutableArray<string> Faults, ImmutableArray<string> WithoutEffect);

/// <summary>
/// limit_priv: a zone's largest set of privileges, in illumos's names, as Linux capabilities. "default" and "zone" are what a zone
/// has, "basic" what every process has, "none" nothing; NAME adds, !NAME or -NAME takes away, from left to right.
///
/// A capability stays when every privilege that carries it stays: the two systems cut differently, and taking one away must
/// take away at least that. What carries none changes nothing, and the caller says so.
/// </summary>
public static class Privileges
{
    private const PrivilegeRank Basic = PrivilegeRank.Basic, Default = PrivilegeRank.Default, Optional = PrivilegeRank.Optional,
        Required = PrivilegeRank.Required, Prohibited = PrivilegeRank.Prohibited;

    /// <summary>illumos's privileges(7), with the ranks of SmartOS's joyent brand.</summary>
    public static IReadOnlyList<Privilege> Table { get; } =
    [
        Row("contract_event", Default), Row("contract_identity", Default), Row("contract_observer", Default),
        Row("cpc_cpu", Optional),
        Row("dtrace_kernel", Prohibited), Row("dtrace_proc", Optional), Row("dtrace_user", Optional),
        Row("file_chown", Default, "CAP_CHOWN"), Row("file_chown_self", Default),
        Row("file_dac_execute", Default, "CAP_DAC_OVERRIDE"), Row("file_dac_read", Default, "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH"),
        Row("file_dac_search", Default, "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH"), Row("file_dac_write", Default, "CAP_DAC_OVERRIDE"),
        Row("file_downgrade_sl", Optional), Row("file_flag_set", Optional), Row("file_link_any", Basic),
        Row("file_owner", Default, "CAP_FOWNER", "CAP_LEASE"), Row("file_read", Basic), Row("file_setid", Default, "CAP_FSETID", "CAP_SETFCAP"),
        Row("file_upgrade_sl", Optional), Row("file_write", Basic),
        Row("graphics_access", Optional), Row("graphics_map", Optional), Row("hyprlofs_control", Optional),
        Row("ipc_dac_read", Default, "CAP_IPC_OWNER"), Row("ipc_dac_write", Default, "CAP_IPC_OWNER"), Row("ipc_owner", Default, "CAP_IPC_OWNER"),
        Row("net_access", Basic), Row("net_bindmlp", Default), Row("net_icmpaccess", Default, "CAP_NET_RAW"),
        Row("net_mac_aware", Default), Row("net_mac_implicit", Optional), Row("net_observability", Default, "CAP_NET_RAW"),
        Row("net_privaddr", Default, "CAP_NET_BIND_SERVICE"), Row("net_rawaccess", Default, "CAP_NET_RAW", "CAP_NET_BROADCAST"),
        Row("proc_audit", Default, "CAP_AUDIT_WRITE"), Row("proc_chroot", Default, "CAP_SYS_CHROOT"), Row("proc_clock_highres", Optional),
        Row("proc_exec", Required), Row("proc_fork", Required), Row("proc_info", Basic),
        Row("proc_lock_memory", Default, "CAP_IPC_LOCK"), Row("proc_meminfo", Optional),
        Row("proc_owner", Default, "CAP_KILL", "CAP_SYS_PTRACE"),
        // Given to every zone, unlike on SmartOS: it moves priorities among the zone's own processes only.
        Row("proc_priocntl", Default, "CAP_SYS_NICE"), Row("proc_prioup", Default, "CAP_SYS_NICE"),
        Row("proc_secflags", Basic), Row("proc_session", Basic), Row("proc_setid", Default, "CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"),
        Row("proc_taskid", Default), Row("proc_zone", Prohibited),
        Row("sys_acct", Default), Row("sys_admin", Default, "CAP_SYS_BOOT", "CAP_SYS_TTY_CONFIG"), Row("sys_audit", Default), Row("sys_config", Prohibited),
        Row("sys_devices", Prohibited), Row("sys_dl_config", Optional), Row("sys_flow_config", Optional), Row("sys_fs_import", Optional),
        Row("sys_ip_config", Required, "CAP_NET_ADMIN"), Row("sys_ipc_config", Optional), Row("sys_iptun_config", Default), Row("sys_linkdir", Prohibited),
        Row("sys_mount", Required, "CAP_SYS_ADMIN", "CAP_MKNOD"), Row("sys_net_config", Prohibited), Row("sys_nfs", Default),
        Row("sys_ppp_config", Default), Row("sys_res_bind", Optional), Row("sys_res_config", Prohibited),
        Row("sys_resource", Default, "CAP_SYS_RESOURCE"), Row("sys_share", Optional), Row("sys_smb", Optional), Row("sys_suser_compat", Prohibited),
        Row("sys_time", Optional), Row("sys_trans_label", Optional), Row("virt_manage", Prohibited), Row("xvm_control", Prohibited),
    ];

    private static readonly FrozenDictionary<string, Privilege> ByName = Table.ToFrozenDictionary(row => row.Name, StringComparer.Ordinal);

    /// <param name="words">The words of a limit_priv; none: as "default".</param>
    public static PrivilegeSet Of(IEnumerable<string> words)
    {
        var has = new HashSet<string>(StringComparer.Ordinal);
        var faults = ImmutableArray.CreateBuilder<string>();
        var idle = ImmutableArray.CreateBuilder<string>();
        bool any = false;
        foreach (string word in words)
        {
            any = true;
            bool take = word.StartsWith('!') || word.StartsWith('-');
            string name = (take ? word[1..] : word).ToLowerInvariant();
            name = name.StartsWith("priv_", StringComparison.Ordinal) ? name[5..] : name;
            if (SetOf(name) is { } set)
            {
                if (take)
                {
                    has.ExceptWith(set);
                }
                else
                {
                    has.UnionWith(set);
                }
            }
            else if (!ByName.TryGetValue(name, out var row))
            {
                faults.Add($"\"{word}\" is no privilege and no set of privileges (default, zone, basic, none)");
            }
            else if (take)
            {
                has.Remove(name);
                AddIdle(row.Rank != PrivilegeRank.Required && row.Capabilities.IsEmpty, name);
            }
            else if (row.Rank == PrivilegeRank.Prohibited)
            {
                faults.Add($"\"{name}\" cannot be given to a zone");
            }
            else
            {
                has.Add(name);
                AddIdle(row.Rank == PrivilegeRank.Optional, name);
            }
        }
        if (!any)
        {
            has.UnionWith(SetOf("default")!);
        }
        foreach (string name in Table.Where(row => row.Rank == PrivilegeRank.Required && !has.Contains(row.Name)).Select(row => row.Name))
        {
            faults.Add($"without \"{name}\" a zone cannot boot");
        }
        var lost = Table.Where(row => !has.Contains(row.Name)).SelectMany(row => row.Capabilities).ToHashSet(StringComparer.Ordinal);
        return new PrivilegeSet(
            [.. SecurityProfile.Capabilities.Where(capability => !lost.Contains(capability))], faults.ToImmutable(), [.. idle.Distinct()]);

        void AddIdle(bool really, string name)
        {
            if (really)
            {
                idle.Add(name);
            }
        }
    }

    private static IEnumerable<string>? SetOf(string name) => name switch
    {
        "default" or "zone" or "all" => Table.Where(row => row.Rank is Basic or Default or Required).Select(row => row.Name),
        "basic" => Table.Where(row => row.Rank == Basic || row.Name is "proc_exec" or "proc_fork").Select(row => row.Name),
        "none" => [],
        _ => null,
    };

    private static Privilege Row(string name, PrivilegeRank rank, params string[] capabilities) => new(name, rank, [.. capabilities]);
}
