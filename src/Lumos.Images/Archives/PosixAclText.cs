using System.Buffers.Binary;
using System.Globalization;

namespace Lumos.Images.Archives;

/// <summary>A POSIX access list from the text that tar keeps ("user::rwx,user:1000:r-x,mask::r-x") to the bytes that Linux keeps.</summary>
internal static class PosixAclText
{
    private const uint NoId = uint.MaxValue;

    /// <summary>Null: not understood; names of users count as that, for they are another machine's.</summary>
    public static byte[]? Parse(string text)
    {
        var entries = new List<(ushort Tag, ushort Rights, uint Id)>();
        foreach (string line in text.Split([',', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (line.StartsWith('#'))
            {
                continue;
            }
            string[] parts = line.Split('#')[0].Trim().Split(':');
            if (parts.Length is < 3 or > 4)
            {
                return null;
            }
            // star adds the number of whom it names as a fourth part.
            string who = parts.Length == 4 ? parts[3] : parts[1];
            uint id = NoId;
            if (parts[1].Length > 0 && (!uint.TryParse(who, NumberStyles.None, CultureInfo.InvariantCulture, out id) || id >= EntryAttributes.Ids))
            {
                return null;
            }
            int tag = (parts[0], id == NoId) switch
            {
                ("user" or "u", true) => 0x01,
                ("user" or "u", false) => 0x02,
                ("group" or "g", true) => 0x04,
                ("group" or "g", false) => 0x08,
                ("mask" or "m", true) => 0x10,
                ("other" or "o", true) => 0x20,
                _ => 0,
            };
            int rights = 0;
            foreach (char c in parts[2])
            {
                rights |= c switch { 'r' => 4, 'w' => 2, 'x' => 1, '-' => 0, _ => -1 };
            }
            if (tag == 0 || rights < 0)
            {
                return null;
            }
            entries.Add(((ushort)tag, (ushort)rights, id));
        }
        if (entries.Count == 0)
        {
            return null;
        }
        // The kernel wants them in this order.
        entries.Sort((a, b) => (a.Tag, a.Id).CompareTo((b.Tag, b.Id)));
        byte[] bytes = new byte[4 + (8 * entries.Count)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, 2);
        for (int i = 0; i < entries.Count; i++)
        {
            var place = bytes.AsSpan(4 + (8 * i));
            BinaryPrimitives.WriteUInt16LittleEndian(place, entries[i].Tag);
            BinaryPrimitives.WriteUInt16LittleEndian(place[2..], entries[i].Rights);
            BinaryPrimitives.WriteUInt32LittleEndian(place[4..], entries[i].Id);
        }
        return bytes;
    }
}
