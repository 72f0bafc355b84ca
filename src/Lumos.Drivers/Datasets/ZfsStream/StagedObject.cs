using System.Globalization;
using System.Text;

namespace Lumos.Drivers.Datasets.ZfsStream;

/// <summary>ZFS's types of objects that matter here, by their numbers.</summary>
internal static class ObjectTypes
{
    public const int Znode = 17, FileContents = 19, DirectoryContents = 20, MasterNode = 21, Volume = 23, VolumeProperties = 24,
        SystemAttributes = 44, SystemAttributesMaster = 45, AttributeRegistration = 46, AttributeLayouts = 47;

    /// <summary>Tables, whose blocks go to the scratch file: small, and read again when the stream is whole.</summary>
    public static bool IsTable(int type) => type is DirectoryContents or MasterNode or SystemAttributesMaster or AttributeRegistration or AttributeLayouts;
}

/// <summary>What the stream has told of one object: numbers and places, never its content.</summary>
internal sealed class StagedObject(ulong number, byte type, byte bonusType, int blockSize)
{
    public ulong Number { get; } = number;

    public byte Type { get; } = type;

    public byte BonusType { get; } = bonusType;

    public int BlockSize { get; } = blockSize;

    public ScratchRange Bonus { get; set; }

    public ScratchRange Spill { get; set; }

    /// <summary>Blocks of a table: the first and last link of its chain in the index; −1: none.</summary>
    public int FirstBlock { get; set; } = -1;

    public int LastBlock { get; set; } = -1;

    /// <summary>There is a staging file (or other entry) of this object's name.</summary>
    public bool HasEntry { get; set; }

    /// <summary>Owner, mode and the rest are set.</summary>
    public bool Finished { get; set; }

    /// <summary>It has its place in the tree, and may not get a second.</summary>
    public bool Placed { get; set; }

    /// <summary>Its name among the staged.</summary>
    public byte[] StagingName => Encoding.ASCII.GetBytes(Number.ToString(CultureInfo.InvariantCulture));
}

/// <summary>A place in the scratch file.</summary>
internal readonly record struct ScratchRange(long At, int Length);

/// <summary>A block of a table: which bytes of the object, where in the scratch file, the next of the same object (−1: none).</summary>
internal record struct TableBlock(long Offset, ScratchRange Range, int Next);
