namespace Lumos.Zones.Machines;

/// <summary>What a machine runs first.</summary>
/// <param name="Code">A firmware of the platform, as QEMU sees it, which stands in for the chip set's own; null: the chip set's own (SeaBIOS).</param>
/// <param name="File">One of the operator's, in the global zone.</param>
public sealed record MachineFirmware(string? Code = null, string? File = null)
{
    /// <summary>Debian's package ovmf brings both.</summary>
    private const string UefiCode = "/usr/share/OVMF/OVMF_CODE_4M.fd";

    /// <summary>What a fresh machine's variables are copied from.</summary>
    public const string FreshVariables = "/usr/share/OVMF/OVMF_VARS_4M.fd";

    public static MachineFirmware Bios { get; } = new();

    public static MachineFirmware Uefi { get; } = new(UefiCode);

    /// <summary>It remembers things from boot to boot: the order of what it starts, keys.</summary>
    public bool HasVariables => Code is not null;

    /// <summary>Of the property bootrom: a word, one of the names that SmartOS has for them, or a path.</summary>
    public static MachineFirmware Parse(string bootrom) => bootrom switch
    {
        "" or "bios" or "/usr/share/bhyve/uefi-csm-rom.bin" => Bios,
        "uefi" or "/usr/share/bhyve/uefi-rom.bin" => Uefi,
        _ => new MachineFirmware(File: bootrom),
    };

    /// <summary>What stands against it on this machine, as the end of a sentence; null: nothing.</summary>
    public string? Fault()
    {
        if (Code is not null)
        {
            return System.IO.File.Exists(Code) && System.IO.File.Exists(FreshVariables) ? null : $"{Code} is not there, which Debian's package ovmf brings";
        }
        if (File is null)
        {
            return null;
        }
        return !File.StartsWith('/') ? $"\"{File}\" is none of bios, uefi and an absolute path of a firmware's file"
            : !System.IO.File.Exists(File) ? $"there is no file {File}"
            : new FileInfo(File).Length is var size && (size % FlashBlock != 0 || size is 0 or > MostFlash) ? $"{File}, of {size} bytes, is no image of a flash chip: whole blocks of 4 KiB, 8 MiB at most"
            : null;
    }

    private const long FlashBlock = 4096, MostFlash = 8 << 20;
}
