using System.Text.Json.Nodes;

namespace Lumos.Zones.Bundle;

public static partial class SecurityProfile
{
    private const int EPERM = 1, ENOSYS = 38, EAFNOSUPPORT = 97;

    /// <summary>
    /// System calls answered as if the kernel did not have them: without use inside, and a wide target in the kernel or a way past
    /// the namespaces. Programs have a way round a missing call. sched_setattr(2) is one: a process without any right can ask by it for
    /// slices of 100 ms, in which its neighbours of equal shares wait (a fork took up to 760 ms); sched_setscheduler(2) and nice(2) remain.
    /// </summary>
    public static IReadOnlyList<string> AbsentCalls { get; } =
    [
        "_sysctl", "add_key", "bpf", "create_module", "get_kernel_syms", "io_uring_enter", "io_uring_register",
        "io_uring_setup", "keyctl", "lookup_dcookie", "nfsservctl", "open_by_handle_at", "perf_event_open",
        "query_module", "quotactl", "quotactl_fd", "request_key", "sched_setattr", "sysfs", "uselib", "userfaultfd", "ustat", "vm86",
        "vm86old",
    ];

    /// <summary>System calls answered "not permitted": they are the machine's.</summary>
    public static IReadOnlyList<string> ForbiddenCalls { get; } =
    [
        "acct", "clock_settime", "clock_settime64", "delete_module", "finit_module", "init_module", "ioperm", "iopl",
        "kexec_file_load", "kexec_load", "settimeofday", "stime", "swapoff", "swapon", "syslog",
    ];

    /// <summary>
    /// Families of sockets that are not there: the kernel's crypto, the hypervisor's channel, and protocols whose mere opening loads a
    /// module into the machine's kernel that nobody has looked at for years.
    /// </summary>
    public static IReadOnlyList<int> AbsentSocketFamilies { get; } =
    [
        3 /* AX25 */, 4 /* IPX */, 5 /* AppleTalk */, 6 /* NetROM */, 9 /* X.25 */, 11 /* ROSE */, 12 /* DECnet */, 19 /* Econet */,
        21 /* RDS */, 26 /* LLC */, 29 /* CAN */, 30 /* TIPC */, 31 /* Bluetooth */, 33 /* RxRPC */, 35 /* Phonet */, 36 /* 802.15.4 */,
        37 /* CAIF */, 38 /* ALG */, 39 /* NFC */, 40 /* VSOCK */, 41 /* KCM */, 42 /* QIPCRTR */, 43 /* SMC */, 44 /* XDP */, 45 /* MCTP */,
    ];

    /// <summary>The filter as config.json's linux.seccomp.</summary>
    /// <param name="machine">Of the zone of a machine: its one program has no use for what makes a zone a world of its own.</param>
    public static JsonObject SystemCallFilter(bool machine = false)
    {
        var rules = new JsonArray(Rule(AbsentCalls, ENOSYS), Rule(ForbiddenCalls, EPERM));
        if (machine)
        {
            AddMachineRules(rules);
        }
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

    /// <summary>
    /// What an emulator that a guest has taken over would begin with: a user namespace, in which it had all capabilities, and mounts. QEMU forbids itself as much, once it runs;
    /// this holds before that, and for whatever else runs there.
    /// </summary>
    private static void AddMachineRules(JsonArray rules)
    {
        rules.Add((JsonNode)Rule(MachineCalls, EPERM));
        rules.Add((JsonNode)Rule(["clone3"], ENOSYS)); // its flags are in memory, where no filter sees them; the C library then takes clone
        var clone = Rule(["clone"], EPERM);
        clone["args"] = new JsonArray(new JsonObject { ["index"] = 0, ["value"] = CLONE_NEWUSER, ["valueTwo"] = CLONE_NEWUSER, ["op"] = "SCMP_CMP_MASKED_EQ" });
        rules.Add((JsonNode)clone);
    }

    private const long CLONE_NEWUSER = 0x10000000;

    private static readonly string[] MachineCalls =
    [
        "unshare", "setns", "mount", "umount2", "mount_setattr", "move_mount", "open_tree", "fsopen", "fsconfig", "fsmount", "fspick", "pivot_root", "chroot",
        "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "mknod", "mknodat", "sethostname", "setdomainname",
    ];

    private static JsonObject Rule(IReadOnlyList<string> names, int errno) => new()
    {
        ["names"] = new JsonArray([.. names.Select(name => (JsonNode)name)]),
        ["action"] = "SCMP_ACT_ERRNO",
        ["errnoRet"] = errno,
    };
}
