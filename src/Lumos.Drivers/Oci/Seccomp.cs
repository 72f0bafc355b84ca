using System.Text.Json.Nodes;

namespace Lumos.Drivers.Oci;

/// <summary>
/// The system calls a container may not make. All others pass: its user namespace already fences what needs privilege, and
/// a whole distribution's init has to run. What is listed is either without use inside (and a wide target in the kernel) or
/// reaches past the namespaces. They answer "no such call" or "not permitted", for which programs have a way round.
/// </summary>
public static class Seccomp
{
    private const int EPERM = 1, ENOSYS = 38, EAFNOSUPPORT = 97;

    /// <summary>Answered as if the kernel did not have them.</summary>
    public static IReadOnlyList<string> Absent { get; } =
    [
        "_sysctl", "add_key", "bpf", "create_module", "get_kernel_syms", "io_uring_enter", "io_uring_register",
        "io_uring_setup", "keyctl", "lookup_dcookie", "nfsservctl", "open_by_handle_at", "perf_event_open",
        "query_module", "quotactl", "quotactl_fd", "request_key", "sysfs", "uselib", "userfaultfd", "ustat", "vm86",
        "vm86old",
    ];

    /// <summary>Answered "not permitted".</summary>
    public static IReadOnlyList<string> Forbidden { get; } =
    [
        "acct", "clock_settime", "clock_settime64", "delete_module", "finit_module", "init_module", "ioperm", "iopl",
        "kexec_file_load", "kexec_load", "settimeofday", "stime", "swapoff", "swapon", "syslog",
    ];

    /// <summary>Families of sockets that are not there: the kernel's crypto (38) and the hypervisor's channel (40).</summary>
    public static IReadOnlyList<int> AbsentSocketFamilies { get; } = [38, 40];

    /// <summary>The profile as config.json's linux.seccomp.</summary>
    public static JsonObject ToJson()
    {
        var rules = new JsonArray(Rule(Absent, ENOSYS), Rule(Forbidden, EPERM));
        foreach (int family in AbsentSocketFamilies)
        {
            var rule = Rule(["socket"], EAFNOSUPPORT);
            rule["args"] = new JsonArray(new JsonObject { ["index"] = 0, ["value"] = family, ["op"] = "SCMP_CMP_EQ" });
            rules.Add((JsonNode)rule);
        }
        return new JsonObject
        {
            ["defaultAction"] = "SCMP_ACT_ALLOW",
            // Without the 32-bit forms, a 32-bit program would walk past the list.
            ["architectures"] = new JsonArray("SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"),
            ["syscalls"] = rules,
        };
    }

    private static JsonObject Rule(IReadOnlyList<string> names, int errno) => new()
    {
        ["names"] = new JsonArray([.. names.Select(name => (JsonNode)name)]),
        ["action"] = "SCMP_ACT_ERRNO",
        ["errnoRet"] = errno,
    };
}
