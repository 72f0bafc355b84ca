using System.Text.Json;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Drivers.Files;
using Lumos.Images.Import;
using Lumos.Images.Model;
using Lumos.Images.Store;

namespace Lumos.Images.Create;

/// <summary>How to make an image of a VM.</summary>
/// <param name="Manifest">What the user says of it.</param>
/// <param name="Compression">Of its file.</param>
/// <param name="Incremental">Only what differs from the image that the VM was made of.</param>
/// <param name="MostOrigins">The longest line of origins that an incremental image may have; null: any.</param>
/// <param name="Script">Prepares the VM; null: it is stopped and has been prepared.</param>
/// <param name="Prefix">Of the two files' paths.</param>
public sealed record CreateOptions(JsonObject Manifest, ImageCompression Compression, bool Incremental, int? MostOrigins, string? Script, string Prefix);

// Purpose. imgadm create: the root of a VM into a file that imgadm installs anywhere, and its manifest.
//
// Vocabulary. The VM is the prototype. What is sent is not its own dataset but a clone of it, the draft, from which everything
// beside the root is taken (configuration with metadata, cores, logs): they are the VM's and its owner's, and an image has many.
//
// On disk. POOL/VM@imgadm-create and its clone POOL/VM-image live as long as a run; a run that was killed leaves them, and the next
// of the same VM begins by taking them away. PREFIX.zfs[.gz …] is written under a name that begins with a dot and gets its name when it is
// whole; the manifest PREFIX.imgmanifest follows as the last step. The streams of a host on btrfs are btrfs's (PREFIX.btrfs…) and say so.
//
// Locks. One run per VM: img.UUID.create.lock. The VM itself is asked and changed by vmadm, which has its own.
//
// Failure. Undone last first; a VM that was to be prepared goes back to its snapshot in any case, whether the image came to be or not.
//
// Tests. CreateTests over datasets in memory; a VM, an image of it and a VM of that on the live image and in hosted mode.

/// <summary>Makes images of VMs.</summary>
/// <param name="stop">Ends what is under way, with everything taken back.</param>
/// <param name="clock">For tests, as is <paramref name="pause"/>.</param>
public sealed class ImageCreator(
    ImageStore store, IVms vms, ImportReport report, CancellationToken stop, TimeProvider? clock = null, Action<TimeSpan>? pause = null)
{
    /// <summary>The snapshot of the VM that the draft is a clone of.</summary>
    public const string DraftSnapshot = "imgadm-create";

    private const string DraftEnding = "-image";

    private IDatasets Datasets => store.Datasets;

    /// <returns>The manifest.</returns>
    /// <exception cref="LumosException">VmNotStopped, VmHasNoOrigin, MaxOriginDepth, ManifestValidation … Nothing is left of the attempt.</exception>
    /// <exception cref="OperationCanceledException">The same.</exception>
    public ImageManifest Create(Uuid vmUuid, CreateOptions options)
    {
        using var held = FileLock.Acquire(Path.Combine(Path.GetFullPath(store.Paths.Locks), $"img.{vmUuid}.create.lock"), onWait: report.Warn);
        var vm = vms.Get(vmUuid);
        if (vm.IsHardware)
        {
            throw new LumosException("NotSupported", $"VM {vmUuid} has brand {vm.Brand}, of which no image can be made yet");
        }
        if (!vm.IsStopped && options.Script is null)
        {
            throw new LumosException("VmNotStopped", $"VM {vmUuid} is {vm.State}, not stopped: \"vmadm stop {vmUuid}\", or -s SCRIPT to have it prepare itself");
        }
        var origin = Origin(vm, options);
        var manifest = Describe(vm, origin, options);
        string path = options.Prefix + FileEnding(options.Compression), draftPath = Beside(path, vmUuid);
        using var prepared = new UndoStack(Complaint); // never committed: a VM that was prepared goes back in any case
        using var undo = new UndoStack(Complaint);
        var dataset = DatasetName.Parse(vm.Dataset);
        Sweep(dataset);
        if (options.Script is { } script)
        {
            new VmPreparation(vms, report, clock ?? TimeProvider.System, pause ?? (time => stop.WaitHandle.WaitOne(time)), stop).Run(vm, script, prepared);
        }
        JsonObject file;
        using (var draft = new UndoStack(Complaint)) // nor is this: the draft is gone when its stream has been written
        {
            draft.Push($"take away what made the image of VM {vmUuid}", () => Sweep(dataset));
            var snapshot = Draft(dataset);
            File.Delete(draftPath); // of a run that was killed
            undo.Push($"remove {draftPath}", () => File.Delete(draftPath));
            file = Send(snapshot, options.Incremental ? origin!.FinalSnapshot : null, draftPath, path, options.Compression);
        }
        var json = manifest.ToJson();
        json["files"] = new JsonArray(file);
        var whole = ImageManifest.Parse(Text(json), "imgadm create");
        File.Move(draftPath, path, overwrite: true);
        undo.Push($"remove {path}", () => File.Delete(path));
        string manifestPath = options.Prefix + ".imgmanifest";
        report.Say($"Saving manifest to \"{manifestPath}\"");
        AtomicFile.Write(manifestPath, Text(json));
        undo.Commit();
        return whole;
    }

    private InstalledImage? Origin(ProtoVm vm, CreateOptions options)
    {
        var origin = vm.Image is { } uuid && store.TryGet(uuid, out var image, vm.Pool) ? image : null;
        if (!options.Incremental)
        {
            return origin;
        }
        if (origin is null)
        {
            throw new LumosException("VmHasNoOrigin", $"VM {vm.Uuid} was made of no image that is installed here, so an image of it cannot be incremental");
        }
        if (!Datasets.Exists(origin.FinalSnapshot))
        {
            throw new LumosException("OriginHasNoFinalSnapshot", $"image {origin.Uuid} has no snapshot {origin.FinalSnapshot}, where an increment would begin");
        }
        int depth = 1;
        for (var at = origin; at?.Manifest?.Origin is { } next; depth++)
        {
            at = store.TryGet(next, out var before, vm.Pool) ? before : null;
        }
        return options.MostOrigins is { } most && depth > most
            ? throw new LumosException("MaxOriginDepth", $"the image would stand on {depth} others, and --max-origin-depth allows {most}; without -i it stands alone")
            : origin;
    }

    private ImageManifest Describe(ProtoVm vm, InstalledImage? origin, CreateOptions options)
    {
        if (origin?.Manifest is { } known)
        {
            report.Say($"Inheriting from origin image {known.Uuid} ({known.Name} {known.Version})");
        }
        string stamp = File.ReadAllText(store.Paths.PlatformStamp).Trim();
        foreach (string sentence in NewManifest.LeftOut(options.Manifest))
        {
            report.Warn(sentence);
        }
        var json = NewManifest.Of(options.Manifest, vm, origin?.Manifest, options.Incremental ? origin!.Uuid : null, Uuid.New(), stamp);
        report.Say($"Manifest:\n{string.Join('\n', Text(json).TrimEnd().Split('\n').Select(line => "    " + line))}");
        return ImageManifest.Parse(Text(json), "imgadm create");
    }

    /// <summary>A clone of the VM's dataset that holds its root and nothing else, with one snapshot.</summary>
    private SnapshotName Draft(DatasetName dataset)
    {
        var from = dataset.At(DraftSnapshot);
        var draft = DraftOf(dataset);
        report.Say($"Snapshotting to \"{from}\"");
        Datasets.Snapshot(from);
        Datasets.Clone(from, draft, new Dictionary<string, string> { ["mountpoint"] = store.Paths.MountPoint(draft), ["canmount"] = "noauto" });
        Datasets.Mount(draft);
        try
        {
            foreach (string entry in Directory.GetFileSystemEntries(store.Paths.MountPoint(draft)).Where(e => Path.GetFileName(e) != "root"))
            {
                if (new FileInfo(entry) is { Attributes: var kind } && kind.HasFlag(FileAttributes.Directory) && !kind.HasFlag(FileAttributes.ReparsePoint))
                {
                    Directory.Delete(entry, recursive: true);
                }
                else
                {
                    File.Delete(entry);
                }
            }
            Datasets.Snapshot(draft.At(InstalledImage.SnapshotLeaf));
        }
        finally
        {
            Datasets.Unmount(draft);
        }
        return draft.At(InstalledImage.SnapshotLeaf);
    }

    private JsonObject Send(SnapshotName snapshot, SnapshotName? from, string draftPath, string path, ImageCompression compression)
    {
        report.Say($"Sending image file to \"{path}\"");
        report.Stage($"Writing {path}");
        using var send = Datasets.OpenSend(snapshot, new SendOptions { From = from });
        var file = ImageFileWriter.Write(send.Output, draftPath, compression, done =>
        {
            stop.ThrowIfCancellationRequested();
            report.Bytes(done, 0);
        });
        send.Finish();
        return file;
    }

    private string FileEnding(ImageCompression compression) => $".{Datasets.StreamKind}{compression.Ending}";

    /// <summary>Takes away what a run, this one or one that was killed, has made of a VM.</summary>
    private void Sweep(DatasetName dataset)
    {
        if (Datasets.Exists(DraftOf(dataset)))
        {
            Datasets.Unmount(DraftOf(dataset), force: true);
            Datasets.Destroy(DraftOf(dataset), recursive: true);
        }
        if (Directory.Exists(store.Paths.MountPoint(DraftOf(dataset))))
        {
            Directory.Delete(store.Paths.MountPoint(DraftOf(dataset)));
        }
        if (Datasets.Exists(dataset.At(DraftSnapshot)))
        {
            Datasets.DestroySnapshot(dataset.At(DraftSnapshot));
        }
    }

    // What is undone is part of the work here; only what fails of it is told.
    private void Complaint(string sentence)
    {
        if (!sentence.StartsWith("undo: ", StringComparison.Ordinal))
        {
            report.Warn(sentence);
        }
    }

    private static DatasetName DraftOf(DatasetName dataset) => DatasetName.Parse(dataset.Value + DraftEnding);

    private static string Beside(string path, Uuid vm) => Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, $".{Path.GetFileName(path)}.{vm}");

    private static string Text(JsonObject manifest) => manifest.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n";
}
