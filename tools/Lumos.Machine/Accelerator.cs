using Lumos.Core;

namespace Lumos.Machine;

/// <summary>How QEMU runs the guest's CPU, and why that way.</summary>
public sealed record Accelerator(bool IsKvm, string Why)
{
    // Writes 0x10 to the debug-exit port, so QEMU ends with status (0x10 << 1) | 1. SeaBIOS has to run first, so a pass
    // means that real guest code executes, which an openable /dev/kvm does not.
    private static readonly byte[] _probe = [0xBA, 0x01, 0x05, 0xB0, 0x10, 0xEE, 0xF4, 0xEB, 0xFD];
    private const int ProbePassed = 33;

    public IReadOnlyList<string> Arguments =>
        IsKvm ? ["-accel", "kvm", "-cpu", "host"] : ["-accel", "tcg,thread=multi", "-cpu", "max"];

    /// <summary>
    /// What the guest's kernel is told. An emulated processor has AMD-V, and KVM in the guest would run guests of its own on it, until QEMU 7.2 ends by an assertion of its own
    /// (tcg_handle_interrupt); so that KVM stays away. (Without AMD-V, by svm=off, the same QEMU makes a processor on which the platform's init does not start.)
    /// </summary>
    public string KernelWords => IsKvm ? "" : " module_blacklist=kvm_amd";

    /// <summary>Guests without KVM are several times slower; limits on waiting are multiplied by this.</summary>
    public int Patience => IsKvm ? 1 : 3;

    /// <summary>Chooses for this host. A probe's verdict is kept until the host boots again.</summary>
    public static Accelerator Choose(string cacheFolder)
    {
        if (!HasVirtualisation(File.ReadLines("/proc/cpuinfo")))
        {
            return new Accelerator(false, "the CPU shows neither vmx nor svm");
        }
        if (!File.Exists("/dev/kvm"))
        {
            return new Accelerator(false, "there is no /dev/kvm");
        }
        // Root and others may differ in what they may open, so each user has a verdict.
        string boot = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
        string verdictFile = Path.Combine(cacheFolder, $"kvm-{Environment.UserName}-{boot}");
        Directory.CreateDirectory(cacheFolder);
        if (!File.Exists(verdictFile))
        {
            File.WriteAllText(verdictFile, Probe(cacheFolder));
        }
        string fault = File.ReadAllText(verdictFile);
        return fault.Length == 0 ? new Accelerator(true, "a probe guest ran under it") : new Accelerator(false, fault);
    }

    /// <summary>True when a CPU's flags name hardware virtualisation.</summary>
    public static bool HasVirtualisation(IEnumerable<string> cpuinfo) =>
        cpuinfo.Any(line => line.StartsWith("flags", StringComparison.Ordinal) && line.Split(' ').Any(flag => flag is "vmx" or "svm"));

    /// <summary>Runs the probe guest; returns "" when it ran, else why it did not.</summary>
    private static string Probe(string folder)
    {
        string floppy = Path.Combine(folder, $"kvm-probe-{Environment.ProcessId}.img");
        byte[] sector = new byte[512];
        _probe.CopyTo(sector, 0);
        sector[510] = 0x55;
        sector[511] = 0xAA;
        File.WriteAllBytes(floppy, sector);
        try
        {
            var run = HostCommand.Run(
                ["qemu-system-x86_64", "-accel", "kvm", "-cpu", "host", "-nodefaults", "-no-user-config", "-display", "none", "-m", "16",
                 "-device", "isa-debug-exit,iobase=0x501,iosize=1", "-drive", $"file={floppy},format=raw,if=floppy"],
                TimeSpan.FromSeconds(3));
            return run.Status == ProbePassed ? "" : run.TimedOut
                ? "a probe guest did not run under KVM within 3 s"
                : $"a probe guest did not run under KVM ({run.ErrorOutput.Trim()})";
        }
        finally
        {
            File.Delete(floppy);
        }
    }
}
