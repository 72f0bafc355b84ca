using System.Collections.Frozen;
using System.Collections.Immutable;
using Lumos.Core;

namespace Lumos.Zones.Machines;

/// <summary>
/// Options of QEMU's that an operator adds to a machine (qemu_opts, qemu_extra_opts, bhyve_extra_opts). Taken is what says more of the guest's hardware; refused is what would have QEMU open
/// something of the host's, listen or connect, be another process than ours, or contradict a property. What is not known is refused: QEMU has hundreds of them. Pure.
/// </summary>
public static class QemuOptions
{
    private static readonly FrozenSet<string> s_devices = FrozenSet.ToFrozenSet(
    [
        "edu", "i6300esb", "ich9-usb-ehci1", "ich9-usb-uhci1", "intel-iommu", "nec-usb-xhci", "pcie-root-port", "piix3-usb-uhci", "pvpanic", "pvpanic-pci", "qemu-xhci", "usb-ehci", "usb-kbd",
        "usb-mouse", "usb-tablet", "virtio-iommu-pci", "virtio-keyboard-pci", "virtio-mouse-pci", "virtio-rng-pci", "virtio-tablet-pci", "vmgenid",
    ]);

    private static readonly FrozenSet<string> s_machine = FrozenSet.ToFrozenSet(["hpet", "i8042", "kernel_irqchip", "kernel-irqchip", "nvdimm", "pit", "pic", "smm", "vmport"]);

    private static readonly FrozenSet<string> s_boot = FrozenSet.ToFrozenSet(["menu", "reboot-timeout", "splash-time", "strict"]), s_clock = FrozenSet.ToFrozenSet(["base", "clock", "driftfix"]);

    /// <summary>Keys whose values name something outside of the guest.</summary>
    private static readonly FrozenSet<string> s_outside = FrozenSet.ToFrozenSet(
        ["audiodev", "chardev", "drive", "fd", "file", "filename", "fsdev", "host", "hostdev", "iothread", "memdev", "netdev", "path", "rng", "romfile", "splash", "sysfsdev", "tpmdev", "vhostfd"]);

    private const string Files = "it would open files of the host", Network = "it would give the machine another network", Sockets = "it would listen or connect",
        Process = "how QEMU runs is ours", Property = "a property says it", Seen = "the screen is seen by vnc_port";

    /// <summary>Options that are taken, and what is wrong with a value of each.</summary>
    private static readonly FrozenDictionary<string, Func<string, string?>> s_taken = new Dictionary<string, Func<string, string?>>
    {
        ["-cpu"] = value => Inside(value, _ => true),
        ["-device"] = value => Inside(value, s_devices.Contains, "devices are " + string.Join(", ", s_devices.Order(StringComparer.Ordinal))),
        ["-global"] = value => value.StartsWith("driver=", StringComparison.Ordinal) ? "it is written DRIVER.KEY=VALUE" : Inside(value, _ => true),
        ["-boot"] = value => Keys(value, s_boot),
        ["-rtc"] = value => Keys(value, s_clock),
        ["-smbios"] = value => Keys(value, null),
        ["-machine"] = value => Keys(value, s_machine),
        ["-watchdog-action"] = value => value is "reset" or "none" or "inject-nmi" or "shutdown" or "poweroff" ? null : "it is reset, shutdown, poweroff, inject-nmi or none",
        [NoHpet] = _ => null,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The only one of them without a value.</summary>
    private const string NoHpet = "-no-hpet";

    /// <summary>Options that people may think of, and why they are not taken.</summary>
    private static readonly FrozenDictionary<string, string> s_refused = new (string Why, string[] Names)[]
    {
        (Files, ["drive", "blockdev", "hda", "hdb", "hdc", "hdd", "fda", "fdb", "cdrom", "kernel", "initrd", "append", "dtb", "bios", "pflash", "mtdblock", "sd", "snapshot", "loadvm", "D", "d", "trace", "dfilter",
            "readconfig", "writeconfig", "pidfile", "virtfs", "fsdev", "object", "mem-path", "acpitable", "fw_cfg", "option-rom", "L", "plugin", "tpmdev", "set", "dump-vmstate"]),
        (Network, ["net", "nic", "netdev"]),
        (Sockets, ["chardev", "mon", "monitor", "qmp", "qmp-pretty", "serial", "parallel", "debugcon", "gdb", "s", "incoming", "audio", "audiodev", "usbdevice"]),
        (Process, ["daemonize", "chroot", "runas", "run-with", "sandbox", "add-fd", "S", "no-shutdown", "no-reboot", "action", "preconfig", "nodefaults", "no-user-config", "nographic", "accel", "enable-kvm", "name",
            "uuid", "overcommit", "msg", "compat", "h", "help", "version"]),
        (Seen, ["vnc", "spice", "display", "k", "g", "full-screen"]),
        (Property, ["m", "smp", "vga", "M", "numa"]),
    }.SelectMany(group => group.Names.Select(name => (Name: "-" + name, group.Why))).ToFrozenDictionary(pair => pair.Name, pair => pair.Why, StringComparer.Ordinal);

    /// <summary>The words, each as QEMU gets it.</summary>
    /// <param name="text">As a payload has it: words with spaces between them, no quotes.</param>
    /// <exception cref="LumosException">BadQemuOption.</exception>
    public static ImmutableArray<string> Parse(string text)
    {
        string[] words = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        var parsed = ImmutableArray.CreateBuilder<string>();
        for (int n = 0; n < words.Length; n++)
        {
            string name = words[n].StartsWith("--", StringComparison.Ordinal) ? words[n][1..] : words[n];
            if (name.Any(char.IsControl) || !name.StartsWith('-'))
            {
                throw Bad(words[n], "an option begins with -");
            }
            if (IsOfBhyve(name, n + 1 < words.Length ? words[n + 1] : ""))
            {
                throw Bad(words[n], "it is one of bhyve's, and the machine runs on QEMU: say it in QEMU's words (man qemu-system-x86_64)");
            }
            if (!s_taken.TryGetValue(name, out var faultOf))
            {
                throw Bad(words[n], s_refused.GetValueOrDefault(name, "it is none of those that are known to say something of the guest alone"));
            }
            string? value = name == NoHpet ? null : n + 1 < words.Length ? words[++n] : throw Bad(name, "its value is missing");
            if (faultOf(value ?? "") is { } fault)
            {
                throw Bad($"{name} {value}", fault);
            }
            parsed.Add(name);
            if (value is not null)
            {
                parsed.Add(value);
            }
        }
        return parsed.ToImmutable();
    }

    // bhyve's have one letter; those of QEMU's that have one are refused here for other reasons.
    private static bool IsOfBhyve(string name, string value) => name.Length == 2 && name[1] switch
    {
        's' or 'l' => value.Contains(',', StringComparison.Ordinal),
        'm' or 'M' or 'S' or 'd' or 'D' or 'k' or 'g' or 'h' or 'L' => false,
        _ => true,
    };

    /// <summary>A first word of its own and keys none of which leads outside.</summary>
    private static string? Inside(string value, Func<string, bool> isKnown, string why = "")
    {
        string[] parts = value.Split(',');
        return !isKnown(parts[0].StartsWith("driver=", StringComparison.Ordinal) ? parts[0]["driver=".Length..] : parts[0]) ? why
            : parts.Select(KeyOf).FirstOrDefault(s_outside.Contains) is { } key ? $"{key} names something of the host's"
            : null;
    }

    private static string? Keys(string value, FrozenSet<string>? known)
    {
        string[] keys = [.. value.Split(',').Select(KeyOf)];
        return keys.FirstOrDefault(s_outside.Contains) is { } outside ? $"{outside} names something of the host's"
            : known is not null && keys.FirstOrDefault(key => !known.Contains(key)) is { } other ? $"\"{other}\" is none of {string.Join(", ", known.Order(StringComparer.Ordinal))}"
            : null;
    }

    // Of -global's DRIVER.KEY=VALUE, too.
    private static string KeyOf(string part) => part.Split('=')[0].Split('.')[^1];

    private static LumosException Bad(string what, string why) => new("BadQemuOption", $"\"{what}\" is not taken: {why}");
}
