using System.Buffers.Binary;
using System.Text;

namespace Lumos.Images.Files;

/// <summary>
/// Our own look at the header of a disk in a format of other machines, before a converter opens it: what could make the converter open
/// other files (a backing file, an external data file, extents) or ask for a key is refused here. Pure.
/// </summary>
internal static class DiskHeader
{
    /// <summary>Null: nothing is wrong; else the end of a sentence that begins with the file.</summary>
    public static string? Fault(FileFormat format, ReadOnlySpan<byte> head) => format switch
    {
        FileFormat.Qcow2 => Qcow2(head),
        FileFormat.Vmdk => Vmdk(head),
        FileFormat.Vhdx or FileFormat.RawDisk => null, // what refers to a parent is found by qemu-img, which opens none of these
        FileFormat.VmdkDescriptor => "is only the description of a disk that lies in other files; export it as one (monolithicSparse or streamOptimized)",
        FileFormat.Vhd or FileFormat.Vdi => "is of a format that is not taken; \"qemu-img convert -O qcow2\" makes one that is",
        _ => "is no disk",
    };

    private static string? Qcow2(ReadOnlySpan<byte> head)
    {
        const int externalData = 1 << 2;
        if (head.Length < 104)
        {
            return "ends within its header";
        }
        uint version = BinaryPrimitives.ReadUInt32BigEndian(head[4..]);
        return version is not (2 or 3) ? $"is a qcow2 disk of version {version}, and 2 and 3 are known"
            : BinaryPrimitives.ReadUInt64BigEndian(head[8..]) != 0 ? "stands on a backing file, and an image has to be whole; \"qemu-img convert\" makes it so"
            : BinaryPrimitives.ReadUInt32BigEndian(head[32..]) != 0 ? "is encrypted"
            : version == 3 && (BinaryPrimitives.ReadUInt64BigEndian(head[72..]) & externalData) != 0 ? "keeps its content in another file"
            : null;
    }

    private static string? Vmdk(ReadOnlySpan<byte> head)
    {
        if (head.Length < 512 || !head.StartsWith("KDMV"u8))
        {
            return "is a vmdk disk of a kind that is not known; monolithicSparse and streamOptimized are";
        }
        // A capacity of 0 makes converters look for a text that names other files.
        if (BinaryPrimitives.ReadInt64LittleEndian(head[12..]) <= 0)
        {
            return "is a vmdk disk without a capacity";
        }
        long offset = BinaryPrimitives.ReadInt64LittleEndian(head[28..]), length = BinaryPrimitives.ReadInt64LittleEndian(head[36..]);
        if (offset <= 0 || length is <= 0 or > 64 || offset > (head.Length / 512) - length)
        {
            return "is a vmdk disk whose description is not where it should be";
        }
        string text = Encoding.UTF8.GetString(head.Slice((int)offset * 512, (int)length * 512)).TrimEnd('\0');
        string? Value(string key) => text.Split('\n').Select(l => l.Trim()).FirstOrDefault(l => l.StartsWith(key + "=", StringComparison.OrdinalIgnoreCase))?[(key.Length + 1)..].Trim('"');
        return Value("createType") is not ("monolithicSparse" or "streamOptimized") ? $"is a vmdk disk of type {Shown(Value("createType"))}; monolithicSparse and streamOptimized are known"
            : Value("parentFileNameHint") is not null || Value("parentCID") is { } parent && !parent.Equals("ffffffff", StringComparison.OrdinalIgnoreCase)
                ? "is the difference to another disk, and an image has to be whole"
            : null;
    }

    private static string Shown(string? text) => Archives.ArchiveFault.Shown(Encoding.UTF8.GetBytes(text ?? "?"));
}
