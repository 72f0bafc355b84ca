using System.Globalization;
using System.Text.RegularExpressions;
using Lumos.Drivers.Files;
using Lumos.Drivers.Tools;
using Lumos.Linux.Machine;

namespace Lumos.Zones.Machines;

/// <summary>
/// Who runs guests' instructions on this machine: KVM where a guest really runs on it, QEMU's own translation otherwise. It is found out once from boot to boot and written
/// down, and whoever finds it out says so when it is the slow way.
/// </summary>
internal static partial class AcceleratorChoice
{
    private const string Real = "kvm", Emulated = "tcg";

    /// <param name="file">What was found is written there: a word, and why, on a line of its own.</param>
    /// <param name="warn">Gets a sentence, once for each boot of the machine.</param>
    internal static Accelerator Make(string file, Action<string> warn)
    {
        if (File.Exists(file))
        {
            return File.ReadLines(file).FirstOrDefault() == Real ? Accelerator.Kvm : Accelerator.Tcg;
        }
        string? fault = KvmProbe.Fault() ?? OldQemu();
        AtomicFile.Write(file, System.Text.Encoding.UTF8.GetBytes(fault is null ? Real + "\n" : $"{Emulated}\n{fault}\n"));
        if (fault is null)
        {
            return Accelerator.Kvm;
        }
        warn($"hardware VMs run slowly on this machine: QEMU emulates their processors, because {fault}");
        return Accelerator.Tcg;
    }

    /// <summary>The word that <c>vmadm get</c> shows.</summary>
    internal static string Word(Accelerator accelerator) => accelerator == Accelerator.Kvm ? Real : Emulated;

    // The device is handed over open: QEMU's zone has no such file, and its user may not open it.
    private static string? OldQemu()
    {
        string told = Tool.Run(QemuCommand.Program, "-version").Output;
        return VersionWord().Match(told) is { Success: true } match && int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) < FirstWithDevice
            ? $"QEMU before {FirstWithDevice} cannot be handed {KvmProbe.Device} as an open file, and this is {match.Groups[1].Value}"
            : null;
    }

    private const int FirstWithDevice = 9;

    [GeneratedRegex(@"version (\d+)\.")]
    private static partial Regex VersionWord();
}
