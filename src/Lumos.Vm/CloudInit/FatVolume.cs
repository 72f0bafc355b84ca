using System.Buffers.Binary;
using System.Text;
using Lumos.Core;

namespace Lumos.Vm.CloudInit;

/// <summary>
/// A FAT16 file system of a few files in its root (Microsoft's "FAT: General Overview of On-Disk Format", 1.03), which every guest's kernel reads. What it is made of decides each of its
/// bytes, so that a look says whether anything has changed. Always as large as SmartOS's, 16 MiB, of which the head is written and the rest is a hole.
/// </summary>
internal static class FatVolume
{
    internal const int Bytes = 16 << 20;

    private const int Sector = 512, SectorsOfCluster = 4, Cluster = Sector * SectorsOfCluster, Fats = 2, RootEntries = 512, Entry = 32;

    /// <summary>Of one table: two bytes for each cluster there could be.</summary>
    private const int FatSectors = ((Bytes / Cluster * 2) + Sector - 1) / Sector;

    private const int Reserved = 1, RootAt = (Reserved + (Fats * FatSectors)) * Sector, DataAt = RootAt + (RootEntries * Entry), Clusters = (Bytes - DataAt) / Cluster;

    private const byte Medium = 0xF8, ReadOnly = 0x01, VolumeLabel = 0x08, LongName = 0x0F, LastPart = 0x40;

    private const ushort EndOfFile = 0xFFFF;

    /// <summary>1 January 1980, the first that there is.</summary>
    private const ushort Date = 0x0021;

    private const int LettersOfPart = 13;

    /// <summary>The head of the volume, up to the last byte that is not nothing.</summary>
    /// <param name="label">At most 11 capital letters.</param>
    /// <param name="files">Name and content of each.</param>
    /// <exception cref="LumosException">SeedTooLarge.</exception>
    internal static byte[] Head(string label, IReadOnlyList<(string Name, byte[] Content)> files)
    {
        int needed = files.Sum(file => ClustersOf(file.Content));
        if (needed > Clusters)
        {
            throw new LumosException("SeedTooLarge", $"what cloud-init is to be told ({string.Join(", ", files.Select(file => $"{file.Name}: {file.Content.Length} bytes"))}) has no room in {Bytes >> 20} MiB");
        }
        byte[] head = new byte[DataAt + (needed * Cluster)];
        WriteBootSector(head, label);
        int entry = RootAt, cluster = 2;
        WriteEntry(head.AsSpan(entry), label.PadRight(11), VolumeLabel, 0, 0);
        entry += Entry;
        WriteFat(head, 0, 0xFF00 | Medium);
        WriteFat(head, 1, EndOfFile);
        for (int n = 0; n < files.Count; n++)
        {
            var (name, content) = files[n];
            int count = ClustersOf(content);
            string alias = Alias(name, n);
            entry = WriteLongName(head, entry, name, Checksum(alias));
            WriteEntry(head.AsSpan(entry), alias, ReadOnly, count == 0 ? 0 : cluster, content.Length);
            entry += Entry;
            content.CopyTo(head, DataAt + ((cluster - 2) * Cluster));
            for (int left = count; left > 0; left--, cluster++)
            {
                WriteFat(head, cluster, left == 1 ? EndOfFile : cluster + 1);
            }
        }
        return head;
    }

    private static int ClustersOf(byte[] content) => (content.Length + Cluster - 1) / Cluster;

    private static void WriteBootSector(byte[] head, string label)
    {
        ReadOnlySpan<byte> jump = [0xEB, 0x3C, 0x90];
        jump.CopyTo(head);
        Encoding.ASCII.GetBytes("LUMOS   ", head.AsSpan(3));
        void Word(int at, int value) => BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(at), (ushort)value);
        Word(11, Sector);
        head[13] = SectorsOfCluster;
        Word(14, Reserved);
        head[16] = Fats;
        Word(17, RootEntries);
        Word(19, Bytes / Sector);
        head[21] = Medium;
        Word(22, FatSectors);
        Word(24, 32); // sectors of a track, and heads, which nobody has any more
        Word(26, 2);
        head[36] = 0x80; // the first hard disk
        head[38] = 0x29; // what follows is there: serial number, label, kind
        Encoding.ASCII.GetBytes("LMOS", head.AsSpan(39));
        Encoding.ASCII.GetBytes(label.PadRight(11), head.AsSpan(43));
        Encoding.ASCII.GetBytes("FAT16   ", head.AsSpan(54));
        Word(510, 0xAA55);
    }

    private static void WriteFat(byte[] head, int cluster, int value)
    {
        for (int fat = 0; fat < Fats; fat++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(((Reserved + (fat * FatSectors)) * Sector) + (cluster * 2)), (ushort)value);
        }
    }

    private static void WriteEntry(Span<byte> entry, string alias, byte attributes, int cluster, int size)
    {
        Encoding.ASCII.GetBytes(alias, entry);
        entry[11] = attributes;
        BinaryPrimitives.WriteUInt16LittleEndian(entry[16..], Date);
        BinaryPrimitives.WriteUInt16LittleEndian(entry[18..], Date);
        BinaryPrimitives.WriteUInt16LittleEndian(entry[24..], Date);
        BinaryPrimitives.WriteUInt16LittleEndian(entry[26..], (ushort)cluster);
        BinaryPrimitives.WriteInt32LittleEndian(entry[28..], size);
    }

    /// <summary>A name as it was given stands in entries before the file's own, its end first.</summary>
    private static int WriteLongName(byte[] head, int entry, string name, byte checksum)
    {
        ReadOnlySpan<int> places = [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30];
        int parts = (name.Length + LettersOfPart - 1) / LettersOfPart;
        for (int part = parts; part > 0; part--, entry += Entry)
        {
            var one = head.AsSpan(entry, Entry);
            one[0] = (byte)(part | (part == parts ? LastPart : 0));
            one[11] = LongName;
            one[13] = checksum;
            for (int i = 0; i < LettersOfPart; i++)
            {
                int at = ((part - 1) * LettersOfPart) + i;
                BinaryPrimitives.WriteUInt16LittleEndian(one[places[i]..], at < name.Length ? name[at] : at == name.Length ? (ushort)0 : (ushort)0xFFFF);
            }
        }
        return entry;
    }

    /// <summary>By which readers that know no long names find it: eight letters and three.</summary>
    private static string Alias(string name, int number) =>
        $"{new string([.. name.ToUpperInvariant().Where(letter => char.IsAsciiLetterOrDigit(letter) || letter == '-')])}"[..6] + $"~{number + 1}   ";

    private static byte Checksum(string alias) => Encoding.ASCII.GetBytes(alias).Aggregate((byte)0, (sum, letter) => (byte)((byte)((sum >> 1) | (sum << 7)) + letter));
}
