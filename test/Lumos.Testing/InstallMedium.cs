using System.Text;

namespace Lumos.Testing;

/// <summary>
/// The smallest guests there are, for BIOS: a sector that counts on its disk how often it was booted and tells on the first serial port, and a CD that
/// boots by El Torito, puts that sector onto the first disk and resets the machine, as an installer does. They run where a kernel takes minutes: by
/// emulation within an emulated machine.
/// </summary>
public static class InstallMedium
{
    public const string Booted = "medium: booted", Installed = "medium: installed";

    private const int Block = 2048, Descriptors = 16, Catalog = 19, Program = 20, Blocks = 24;

    /// <summary>The medium: volume descriptor, boot record and terminator from block 16, as ISO 9660 and El Torito have them, and no files.</summary>
    public static byte[] Make()
    {
        byte[] medium = new byte[Blocks * Block];
        Describe(medium, Descriptors, 1);
        BitConverter.TryWriteBytes(medium.AsSpan((Descriptors * Block) + 80), Blocks);
        BitConverter.TryWriteBytes(medium.AsSpan((Descriptors * Block) + 128), (short)Block);
        Describe(medium, Descriptors + 1, 0);
        Encoding.ASCII.GetBytes("EL TORITO SPECIFICATION").CopyTo(medium, ((Descriptors + 1) * Block) + 7);
        BitConverter.TryWriteBytes(medium.AsSpan(((Descriptors + 1) * Block) + 71), Catalog);
        Describe(medium, Descriptors + 2, 255);

        var catalog = medium.AsSpan(Catalog * Block);
        // The words of the first entry add up to nothing.
        new byte[] { 1, 0, 0, 0 }.CopyTo(catalog);
        BitConverter.TryWriteBytes(catalog[28..], (ushort)(0x10000 - 1 - 0xAA55));
        new byte[] { 0x55, 0xAA }.CopyTo(catalog[30..]);
        catalog[32] = 0x88; // bootable, without the emulation of a floppy
        BitConverter.TryWriteBytes(catalog[38..], (short)4); // sectors of 512 bytes that are loaded, to 0x7C00
        BitConverter.TryWriteBytes(catalog[40..], Program);

        Convert.FromHexString(Installer).CopyTo(medium, Program * Block);
        DiskSector().CopyTo(medium, (Program * Block) + 512);
        return medium;
    }

    /// <summary>The first sector of a disk that counts its boots.</summary>
    public static byte[] DiskSector()
    {
        byte[] sector = new byte[512];
        Convert.FromHexString(Disk).CopyTo(sector, 0);
        new byte[] { 0x55, 0xAA }.CopyTo(sector, 510);
        return sector;
    }

    /// <summary>What a disk says that was booted so many times (up to nine).</summary>
    public static string DiskBooted(int times) => $"disk: booted {times}";

    private static void Describe(byte[] medium, int block, byte type)
    {
        medium[block * Block] = type;
        "CD001\u0001"u8.CopyTo(medium.AsSpan((block * Block) + 1));
    }

    // Prints; int 13h writes the second 512 bytes to the first sector of disk 80h; prints; the keyboard's controller pulls the reset line.
    private const string Installer =
        "fa31c08ed88ec08ed0bc007cfbfcbe4c7ce82000b80103bb007eb90100ba8000cd13be5d7c7303be717ce80700b0fee664f4ebfdac84c0741288c4bafd03eca82074fb88e0baf803eeebe9c3"
        + "6d656469756d3a20626f6f7465640d0a00" + "6d656469756d3a20696e7374616c6c65640d0a00" + "6d656469756d3a206e6f206469736b0d0a00";

    // Adds one to the digit of its text, writes itself back to where it came from, prints the text, and halts for good.
    private const string Disk =
        "fa31c08ed88ec08ed0bc007cfbfcfe06497cb80103bb007cb90100b600cd13be3c7cac84c0741288c4bafd03eca82074fb88e0baf803eeebe9f4ebfd" + "6469736b3a20626f6f74656420300d0a00";
}
