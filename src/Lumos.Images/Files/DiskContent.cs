using System.Text;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Images.Import;
using Lumos.Images.Model;
using Lumos.Images.Store;
using Lumos.Linux;
using Lumos.Linux.Files;
using Lumos.Linux.Handles;
using Microsoft.Win32.SafeHandles;

namespace Lumos.Images.Files;

/// <summary>A disk. It becomes a volume of as many MiB as it needs; zeros are not written.</summary>
internal sealed class DiskContent : ImageContent
{
    private const int Block = 256 << 10;
    private const long Mebi = 1 << 20;
    private static readonly TimeSpan DeviceTime = TimeSpan.FromSeconds(30), LookEvery = TimeSpan.FromSeconds(1);

    private readonly ImageStore _store;
    private readonly ImportReport _report;
    private ScratchDisk? _scratch;
    private long _virtualBytes;

    public DiskContent(ContentFile source, ImageStore store, ImportReport report)
        : base(source)
    {
        (_store, _report) = (store, report);
        if (DiskHeader.Fault(source.Format, source.Head) is { } fault)
        {
            throw new LumosException("InvalidImage", $"{source.Name} {fault}");
        }
    }

    // A disk's file may be of zeros for the most part.
    public override long LeastBytes => 0;

    public override long? Mebibytes => (_virtualBytes + Mebi - 1) / Mebi;

    public override void Prepare()
    {
        if (_virtualBytes > 0)
        {
            return;
        }
        if (Format == FileFormat.RawDisk && !Source.IsCompressed)
        {
            _virtualBytes = Source.Length;
        }
        else
        {
            _report.Stage($"Reading {Source.Name}");
            _scratch = ScratchDisk.Fill(Source, _store, _report.Bytes);
            _virtualBytes = Format == FileFormat.RawDisk ? _scratch.Length : QemuImg.Look(Source.Name, Format, _scratch.File, _report.Stop).VirtualBytes;
            if (Format != FileFormat.RawDisk)
            {
                QemuImg.Check(Source.Name, Format, _scratch.File, _report.Stop);
            }
        }
        if (_virtualBytes > DiskLimits.MostVirtualBytes)
        {
            throw new LumosException("InvalidImage", $"{Source.Name} is a disk of {_virtualBytes} bytes, and {DiskLimits.MostVirtualBytes} are allowed");
        }
    }

    public override void Check(ImageManifest manifest)
    {
        RequireNoOrigin(manifest);
        if (!manifest.IsVolume)
        {
            throw NotFor(manifest, $"becomes an image of type zvol, not {manifest.Type}");
        }
        Prepare();
        if (manifest.ImageSize < Mebibytes)
        {
            throw NotFor(manifest, $"needs {Mebibytes} MiB; its manifest says image_size {manifest.ImageSize}");
        }
    }

    public override void Make(ImageManifest manifest, DatasetName partial, SnapshotName? origin)
    {
        var datasets = _store.Datasets;
        var room = new PoolRoom(_store, partial.Parent!.Value);
        datasets.CreateVolume(partial, Math.Max(manifest.ImageSize ?? 0, Mebibytes!.Value) * Mebi, sparse: true);
        using var device = Open(partial);
        if (_scratch is not null && Format != FileFormat.RawDisk)
        {
            _report.Stage($"Converting {Source.Name} for image {manifest}");
            using var own = PrivateNode.Of(device);
            Convert(own, partial, room, manifest);
        }
        else
        {
            Copy(device, partial, room, manifest);
        }
        device.Sync();
        datasets.Snapshot(partial.At(InstalledImage.SnapshotLeaf));
    }

    public override void Dispose()
    {
        _scratch?.Dispose();
        base.Dispose();
    }

    /// <summary>The converter writes the volume, and nobody counts: the pool is looked at meanwhile.</summary>
    private void Convert(FileDescriptor device, DatasetName partial, PoolRoom room, ImageManifest manifest)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(_report.Stop);
        using var over = new CancellationTokenSource();
        bool full = false;
        var watch = Task.Run(() =>
        {
            while (!over.Token.WaitHandle.WaitOne(LookEvery))
            {
                Settle(device, partial);
                if (room.IsUsedUp)
                {
                    full = true;
                    end.Cancel();
                    return;
                }
            }
        });
        try
        {
            QemuImg.Convert(Source.Name, Format, _scratch!.File, device, end.Token);
        }
        catch (OperationCanceledException) when (full)
        {
            throw room.None($"image {manifest}");
        }
        finally
        {
            over.Cancel();
            _ = watch.ContinueWith(w => w.Exception, TaskScheduler.Default).GetAwaiter().GetResult(); // where it could not look, the pool itself refuses what it has not
        }
    }

    private void Copy(FileDescriptor device, DatasetName partial, PoolRoom room, ImageManifest manifest)
    {
        using var target = new SafeFileHandle(device.Number, ownsHandle: false);
        using var scratch = _scratch is null ? null : new SafeFileHandle(_scratch.File.Number, ownsHandle: false);
        byte[] block = new byte[Block];
        long done = 0;
        while (done < _virtualBytes)
        {
            int got = scratch is not null ? RandomAccess.Read(scratch, block, done) : Source.Read(block);
            if (got == 0)
            {
                throw new LumosException("InvalidImage", $"{Source.Name} became shorter while it was read");
            }
            if (block.AsSpan(0, got).ContainsAnyExcept((byte)0))
            {
                RandomAccess.Write(target, block.AsSpan(0, got), done);
                room.Took(got, $"image {manifest}", () => Settle(device, partial));
            }
            done += got;
            _report.Bytes(done, _virtualBytes);
        }
    }

    // What is on its way to the disk, the pool does not know of.
    private void Settle(FileDescriptor device, DatasetName volume)
    {
        device.Sync();
        _store.Datasets.Settle(volume.Parent!);
    }

    /// <summary>The volume's device, which udev makes when it is told of it.</summary>
    private FileDescriptor Open(DatasetName volume)
    {
        string path = _store.Paths.VolumeDevice(volume);
        for (var end = DateTime.UtcNow + DeviceTime; ; Thread.Sleep(20))
        {
            try
            {
                return FileDescriptorIo.Open(path, OpenFlags.ReadWrite);
            }
            catch (ErrnoException e) when (e.Errno is Errno.ENOENT or Errno.ENXIO or Errno.ENODEV && DateTime.UtcNow < end)
            {
                // not there yet
            }
            catch (ErrnoException e)
            {
                throw new LumosException("NoDevice", $"the volume {volume} was made, but its device {path} cannot be opened; is udev running?", inner: e);
            }
        }
    }

    /// <summary>
    /// A device's node that belongs to nobody and has no name: what is open here can be opened again by a program that runs as nobody,
    /// and by no other.
    /// </summary>
    private static class PrivateNode
    {
        public static FileDescriptor Of(FileDescriptor device)
        {
            var status = FileStatus.Of(device);
            if (status.Kind != FileKind.BlockDevice)
            {
                throw new LumosException("NoDevice", "a volume's device is no block device");
            }
            using var folder = HeldDirectory.Open("/dev");
            byte[] name = Encoding.ASCII.GetBytes($".lumos-{Guid.NewGuid():N}");
            folder.MakeNode(name, FileKind.BlockDevice, 0x180, status.DeviceMajor, status.DeviceMinor);
            try
            {
                folder.SetOwner(name, QemuImg.Nobody, QemuImg.Nobody);
                return folder.OpenFile(name, OpenFlags.ReadWrite);
            }
            finally
            {
                folder.Remove(name);
            }
        }
    }
}
