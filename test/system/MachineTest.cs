using System.Text;
using Lumos.Testing;

namespace Lumos.SystemTests;

/// <summary>
/// A test of hardware virtual machines, and what their guests say on their first serial port. Where this machine is emulated, the tiny guest's kernel takes
/// minutes to boot: once has to do for all, and other tests boot a sector (<see cref="InstallMedium"/>).
/// </summary>
public abstract class MachineTest(Suite suite) : LiveTest(suite)
{
    /// <summary>The tiny guest's image, installed.</summary>
    protected Guid TinyImage()
    {
        var image = Suite.ImageUuid("tiny");
        Zone.UseImageSource(Suite.ImageUrl);
        Zone.ImportImage(image);
        return image;
    }

    /// <summary>Waits until the guest is up, for the given time by its own count; returns the facts that it tells.</summary>
    protected string Ready(Guid vm, int? boots = null)
    {
        string line = "", start = "tiny: ready " + (boots is null ? "" : $"boots={boots} ");
        WaitForGuest(4, () => (line = Console(vm).Split('\n').LastOrDefault(one => one.StartsWith(start, StringComparison.Ordinal)) ?? "").Contains("firmware=", StringComparison.Ordinal));
        return line;
    }

    /// <summary>Puts the guest that counts its boots onto the machine's first disk, instead of what is there.</summary>
    protected void PutCounter(Guid vm) =>
        Ok(Zone.RunWith(Convert.ToBase64String(InstallMedium.DiskSector()), "sh", "-c", $"base64 -d | dd of=/dev/zvol/zones/{vm}/disk0 bs=512 conv=notrunc,fsync status=none"));

    /// <summary>Waits until a line of these words is on its first serial port.</summary>
    protected void WaitForLine(Guid vm, string words) => WaitForGuest(2, () => Console(vm).Contains(words, StringComparison.Ordinal));

    /// <summary>What appeared on the first serial port: the log's lines are TIME STREAM F|P TEXT.</summary>
    protected string Console(Guid vm)
    {
        var text = new StringBuilder();
        foreach (string[] parts in Zone.Run("cat", $"/zones/{vm}/logs/console.log").Output.Split('\n').Select(line => line.Split(' ', 4)).Where(parts => parts.Length == 4))
        {
            text.Append(parts[3].TrimEnd('\r')).Append(parts[2] == "F" ? "\n" : "");
        }
        return text.ToString();
    }

    // An emulator takes all that its processors can give, whoever waits for a guest that is gone.
    protected override void TakeAway() =>
        Zone.Shell("for vm in $(vmadm lookup type=KVM) $(vmadm lookup type=BHYV); do vmadm stop $vm -F; vmadm delete $vm; done");

    // More than the usual patience: where this machine's processor is emulated, its guest's is emulated by an emulated one.
    private void WaitForGuest(int times, Func<bool> isThere) => Zone.WaitFor("the guest", times * Suite.Patient(60), isThere);
}
