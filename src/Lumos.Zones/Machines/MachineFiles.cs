using System.Collections.Immutable;
using System.Diagnostics;
using Lumos.Core;
using Lumos.Drivers.Links;
using Lumos.Linux;
using Lumos.Linux.Files;
using Lumos.Linux.Handles;
using Lumos.Linux.Sockets;

namespace Lumos.Zones.Machines;

/// <summary>
/// The open files that QEMU is given, in the order in which <see cref="QemuCommand"/> counts them. Ours are closed once QEMU has its
/// own: a disk is let go of, and a NIC's link is gone, when QEMU ends, however it ends.
/// </summary>
internal sealed class MachineFiles : IDisposable
{
    /// <summary>How long a volume's device may take to appear after the volume has: udev makes its name.</summary>
    private static readonly TimeSpan DeviceTime = TimeSpan.FromSeconds(10), Step = TimeSpan.FromMilliseconds(20);

    private readonly UndoStack _opened = new();

    private MachineFiles()
    {
    }

    public List<FileDescriptor> Descriptors { get; } = [];

    /// <exception cref="LumosException">ZoneCannotBoot: a disk that is not there; NicTagNotFound.</exception>
    public static MachineFiles Open(ZoneName zone, MachineSpec machine, string qmpSocket, ImmutableArray<TapPlan> taps, INamespaceLinks links)
    {
        var files = new MachineFiles();
        try
        {
            files.Add(UnixSocket.Listen(qmpSocket).Descriptor);
            foreach (var disk in machine.Disks)
            {
                files.Add(OpenDisk(zone, disk));
            }
            foreach (var tap in links.OpenTaps(taps))
            {
                files.Add(tap);
            }
            return files;
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    public void Dispose() => _opened.Dispose();

    private void Add(FileDescriptor descriptor)
    {
        Descriptors.Add(descriptor);
        _opened.Push("close", descriptor.Dispose);
    }

    private static FileDescriptor OpenDisk(ZoneName zone, MachineDisk disk)
    {
        for (var clock = Stopwatch.StartNew(); !File.Exists(disk.Path) && clock.Elapsed < DeviceTime; Thread.Sleep(Step))
        {
        }
        try
        {
            var opened = FileDescriptorIo.Open(disk.Path, OpenFlags.ReadWrite);
            if (FileStatus.Of(opened).Kind == FileKind.BlockDevice)
            {
                return opened;
            }
            opened.Dispose();
        }
        catch (ErrnoException e)
        {
            throw new LumosException("ZoneCannotBoot", $"zone '{zone}': its disk {disk.Path} cannot be opened", inner: e);
        }
        throw new LumosException("ZoneCannotBoot", $"zone '{zone}': its disk {disk.Path} is not a block device");
    }
}
