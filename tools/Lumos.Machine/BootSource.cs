namespace Lumos.Machine;

/// <summary>The firmware of a machine that boots from a medium.</summary>
public enum Firmware
{
    Bios,
    Uefi,
}

/// <summary>What a machine boots from.</summary>
public abstract record BootSource
{
    /// <summary>The kernel's words for a direct boot with the console on the serial line.</summary>
    public const string DirectCommandLine = "console=tty0 console=ttyS0,115200n8 smartos=true";

    /// <summary>QEMU loads kernel and boot archive itself: the quickest way.</summary>
    public sealed record Direct(string Kernel, string BootArchive, string CommandLine) : BootSource;

    /// <summary>The first disk, as it is; <paramref name="ConfigIso"/> is a medium beside it.</summary>
    public sealed record Disk(Firmware Firmware = Firmware.Bios, string? ConfigIso = null) : BootSource;

    /// <summary>The ISO in a CD drive, as a user would; <paramref name="ConfigIso"/> is a second drive's medium.</summary>
    public sealed record Medium(string Iso, string? ConfigIso, Firmware Firmware) : BootSource;
}
