using Lumos.Core;
using Lumos.Linux;
using Lumos.Linux.Files;

namespace Lumos.Images.Archives;

/// <summary>
/// Unpacks a tar archive that nobody vouches for into a directory that nobody else knows yet.
/// </summary>
/// <remarks>
/// Purpose: root file systems and layers of images come as archives, made by anybody. A zone's tenant may do to its own tree what
/// he likes; an archive must not do more than that, and nothing at all to the machine that unpacks it.
/// How it goes: one pass. TarReader takes the format apart (all of it, since names, link texts and attributes are bytes), and
/// EntryPlacer makes one entry in a directory that TreeCursor holds open. Every call acts on one name in one open directory
/// (HeldDirectory), so there is no path that could lead out: links are kept as the text they are, and who goes through one is
/// refused. Directories get owner, mode, attributes and times last, when nothing in them changes any more.
/// Trust: none. ".." is refused everywhere; so is an absolute name in an archive of a system, while layers have always had their names
/// begin at the root, with a slash or without. Hard links lead to what the archive itself has brought, or the layers below. Devices
/// are never made: a zone's /dev is made when it boots, so those below dev/ are left out, those that every zone has anyway too,
/// and others are refused. Set-id bits and file capabilities stay, for they give what the zone has (decision 0004: on the disk are
/// the zone's ids, 0 to 65,535); an owner above goes to nobody, without them. Attributes trusted.* are refused (overlays
/// believe them), those of other machines' security modules left out. ArchiveLimits says how much is too much.
/// What comes twice: the last file counts, a directory stays the directory it is, and the one in place of the other is refused.
/// A layer (UnpackOptions.IsLayer) lies over a tree: LowerLayers applies its whiteouts, what it has replaces what is below, and links of
/// the tree are followed inside it, as the appliers of OCI layers do, since layers are made in view of that.
/// Failure: ArchiveRefused names the entry, ArchiveDamaged what is wrong with the archive, UnpackFailed what this machine refused.
/// An archive into an empty directory leaves it empty again; a layer leaves the tree half done, for its owner to destroy. Nothing
/// is synced: whoever makes the tree a dataset does that.
/// Tested by an archive for each trick (HostileArchiveTests), by those of GNU tar and bsdtar held against their trees, and by random ones.
/// </remarks>
public static class TarUnpacker
{
    /// <summary>Unpacks to the end. Needs root: files get the owners that the archive says.</summary>
    /// <param name="archive">Decompressed.</param>
    /// <param name="name">For messages: the file's.</param>
    /// <param name="targetDirectory">Trusted. It becomes the root of the tree.</param>
    /// <param name="progress">Called with the number of entries so far.</param>
    /// <param name="cancellation">Looked at between entries.</param>
    /// <exception cref="LumosException">ArchiveRefused, ArchiveDamaged, UnpackFailed.</exception>
    public static UnpackFacts Unpack(
        Stream archive, string name, string targetDirectory, UnpackOptions options, Action<long>? progress = null, CancellationToken cancellation = default)
    {
        var fault = new ArchiveFault(name);
        using var root = HeldDirectory.Open(targetDirectory);
        if (!options.IsLayer && root.Names(1).Count > 0)
        {
            throw new LumosException(ArchiveFault.FailedCode, $"{targetDirectory} is not empty");
        }
        bool done = false;
        try
        {
            var facts = Unpack(archive, root, options, fault, progress, cancellation);
            done = true;
            return facts;
        }
        finally
        {
            if (!done && !options.IsLayer)
            {
                root.RemoveContent();
            }
        }
    }

    private static UnpackFacts Unpack(
        Stream archive, HeldDirectory root, UnpackOptions options, ArchiveFault fault, Action<long>? progress, CancellationToken cancellation)
    {
        byte[] at = [];
        var skipped = new SkippedList();
        var reader = new TarReader(new BufferedStream(new Guarded(archive), 1 << 18), fault, options.Limits, options.PackedBytes);
        LowerLayers? lower = null;
        EntryPlacer? placer = null;
        using var cursor = new TreeCursor(root, options.IsLayer, fault, options.Limits) { Walked = options.IsLayer ? key => lower!.MakeOwn(key) : null };
        lower = options.IsLayer ? new LowerLayers(cursor, fault) { DirectoryGone = () => placer!.ForgetPlaces() } : null;
        using var placing = placer = new EntryPlacer(root, reader, options, fault, skipped) { Cursor = cursor, Lower = lower };
        long entries = 0;
        try
        {
            while (reader.Next() is { } entry)
            {
                cancellation.ThrowIfCancellationRequested();
                at = entry.Name;
                var path = ArchivePath.Parse(entry.Name, mayBeAbsolute: options.IsLayer, fault, options.Limits);
                if (lower?.TryApply(entry, path) != true)
                {
                    placer.Place(entry, path);
                }
                entries++;
                progress?.Invoke(entries);
            }
            if (!options.IsLayer && !reader.HasEnd)
            {
                throw fault.Damaged("it has no end, so something of it may be missing");
            }
            if (reader.Drain() && !options.IsLayer)
            {
                throw fault.Damaged("something follows its end; archives that were joined are not unpacked");
            }
            placer.FinishDirectories();
        }
        catch (Guarded.ReadException e)
        {
            throw fault.Damaged("it cannot be read or decompressed", e.InnerException);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw fault.Failed(at, e);
        }
        return new UnpackFacts(entries, placer.Files, placer.Directories, placer.Bytes, skipped.ToSentences());
    }

    /// <summary>Tells failures of reading from those of writing: both are IOExceptions.</summary>
    private sealed class Guarded(Stream inner) : ReadOnlyStream
    {
        public override int Read(Span<byte> buffer)
        {
            try
            {
                return inner.Read(buffer);
            }
            catch (Exception e) when (e is IOException or InvalidDataException)
            {
                throw new ReadException(e);
            }
        }

        public sealed class ReadException(Exception inner) : Exception("cannot be read", inner);
    }
}
