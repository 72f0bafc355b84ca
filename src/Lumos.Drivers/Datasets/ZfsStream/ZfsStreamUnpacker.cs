using System.Buffers.Binary;
using Lumos.Linux;
using Lumos.Linux.Files;

namespace Lumos.Drivers.Datasets.ZfsStream;

/// <summary>
/// Turns a stream that <c>zfs send</c> made of one file system into a tree of files, or of a volume into a file, on a machine without ZFS.
/// </summary>
/// <remarks>
/// What a stream is: records (SendRecord) that rebuild the objects of a dataset, each a number with a type, a bonus of
/// attributes and content in blocks; a running checksum guards them (SendStreamReader, Fletcher4). What makes a file system
/// of objects is in tables (ZapTable): the master node names the root directory's object and where the layouts of
/// attributes are (SystemAttributes); directories are tables from names to objects.
/// How it goes: one pass. Names come last to us, for directories can lie anywhere among the objects, so content is written
/// as it arrives to files named by number in a hidden directory of the target (Staging), and when the stream has proved
/// whole, they are given attributes (EntryMaker) and names (TreeAssembler). Memory holds some 100 bytes an object.
/// Trust: none. Whoever made the stream chose every number and name in it. Names go through HeldDirectory, which acts on
/// one entry of one open directory and follows nothing; tables are read once, block by block, so no pointer in them can
/// loop; a directory is taken once; sizes, counts and depth have limits; a name taken is never replaced.
/// Failure: StreamInvalid says what is wrong with the stream and where; DatasetFailed, what this machine refused. Either
/// way the target is empty again. Nothing is synced: whoever makes the tree a dataset does that.
/// Not unpacked, with a sentence: incremental, resumed, redacted, encrypted (raw) and deduplicated streams, streams
/// of several snapshots, those of big-endian machines.
/// Tested by streams of OpenZFS 2.3 held against the archives they were made from, and by damaged and hostile ones.
/// </remarks>
public static class ZfsStreamUnpacker
{
    /// <summary>What a volume becomes in the target directory.</summary>
    public const string VolumeFile = "volume";

    /// <summary>How many bytes of a file <see cref="LooksLikeZfsStream"/> wants.</summary>
    public const int HeadLength = 16;

    /// <summary>True for the first bytes of any stream of <c>zfs send</c>, also of kinds that are not unpacked.</summary>
    public static bool LooksLikeZfsStream(ReadOnlySpan<byte> head) =>
        head.Length >= HeadLength && BinaryPrimitives.ReadUInt32LittleEndian(head) == 0
        && (BinaryPrimitives.ReadUInt64LittleEndian(head[8..]) == SendRecord.Magic || BinaryPrimitives.ReadUInt64BigEndian(head[8..]) == SendRecord.Magic);

    /// <summary>Unpacks a stream to its end. Needs root: files get the owners, devices and attributes that the stream says.</summary>
    /// <param name="input">The stream, not compressed as a whole.</param>
    /// <param name="targetDirectory">An empty directory; it becomes the root of the tree and gets its owner, mode and times.</param>
    /// <param name="limits">How much is too much; null: what <see cref="ZfsStreamLimits"/> begins with.</param>
    /// <param name="cancellation">Stops between two records; the target is empty then.</param>
    /// <exception cref="DatasetException">StreamInvalid or DatasetFailed.</exception>
    public static ZfsStreamFacts Unpack(
        Stream input, string targetDirectory, ZfsStreamLimits? limits = null, CancellationToken cancellation = default)
    {
        limits ??= new ZfsStreamLimits();
        var reader = new SendStreamReader(new BufferedStream(input, 1 << 18));
        try
        {
            using var target = HeldDirectory.Open(targetDirectory);
            if (target.Names(1).Count > 0)
            {
                throw new ErrnoException($"unpack into {targetDirectory}", Errno.ENOTEMPTY);
            }
            bool done = false;
            try
            {
                var facts = Unpack(reader, target, targetDirectory, limits, cancellation);
                done = true;
                return facts;
            }
            finally
            {
                if (!done)
                {
                    target.RemoveContent();
                }
            }
        }
        catch (InvalidDataException e)
        {
            // the decompressor that the stream comes out of
            throw new DatasetException(DatasetException.StreamCode, reader.Name, $"the ZFS stream {reader.Name} cannot be read: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DatasetException(DatasetException.FailedCode, reader.Name, $"cannot unpack the ZFS stream {reader.Name}: {e.Message}", e);
        }
    }

    private static ZfsStreamFacts Unpack(SendStreamReader reader, HeldDirectory target, string path, ZfsStreamLimits limits, CancellationToken cancellation)
    {
        var begin = reader.ReadBegin();
        StreamSupport.Check(begin, reader.Invalid);
        var notCarried = new NotCarriedList();
        if (begin.Compound)
        {
            notCarried.AddOnce("the dataset's properties (zfs send -p)");
        }
        if (begin.ObjectSetType == SendBegin.VolumeType)
        {
            using var volume = new VolumeTarget(Path.Combine(path, VolumeFile), limits, reader.Invalid);
            Replay(reader, volume, begin, cancellation);
            return Facts(begin, notCarried) with { Files = 1, Bytes = volume.Finish(), VolumeBytes = volume.Finish() };
        }
        using var staging = new Staging(target, limits, reader.Invalid);
        Replay(reader, staging, begin, cancellation);
        staging.Close();

        var fileSystem = FileSystemTables.Read(staging, notCarried, reader.Invalid);
        var tree = new TreeAssembler(staging, target, fileSystem.Attributes, limits, notCarried, reader.Invalid);
        tree.Assemble(fileSystem.Root, cancellation);
        staging.Remove();
        tree.FinishRoot();
        return Facts(begin, notCarried) with { Files = tree.Files, Directories = tree.Directories, Bytes = tree.Bytes };
    }

    private static void Replay(SendStreamReader reader, IReplayTarget target, SendBegin begin, CancellationToken cancellation)
    {
        var replay = new StreamReplay(reader, target);
        while (replay.Next())
        {
            cancellation.ThrowIfCancellationRequested();
        }
        reader.ReadEnd(begin.Compound);
    }

    private static ZfsStreamFacts Facts(SendBegin begin, NotCarriedList notCarried) => new()
    {
        ToName = begin.ToName,
        ToGuid = begin.ToGuid,
        FromGuid = begin.FromGuid,
        CreationTime = DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(begin.CreationSeconds, 0, 253_402_300_799)),
        Files = 0,
        Directories = 0,
        Bytes = 0,
        NotCarried = notCarried.ToSentences(),
    };
}
