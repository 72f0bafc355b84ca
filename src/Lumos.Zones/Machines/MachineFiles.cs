using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using Lumos.Core;
using Lumos.Drivers.Links;
using Lumos.Linux;
using Lumos.Linux.Files;
using Lumos.Linux.Handles;
using Lumos.Linux.Machine;
using Lumos.Linux.Sockets;
using Lumos.Zones.Runtime;

namespace Lumos.Zones.Machines;

/// <summary>
/// The open files that QEMU is given, in the order in which <see cref="QemuCommand"/> asks for them. Ours are closed once QEMU has its
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

    /// <exception cref="LumosException">ZoneCannotBoot: a disk that is not there, a firmware; NicTagNotFound.</exception>
    public static MachineFiles Open(ZoneSpec zone, ZoneLayout layout, ImmutableArray<MachineFile> wanted, INamespaceLinks links)
    {
        var files = new MachineFiles();
        try
        {
            var cables = links.OpenTaps(ZoneLinkPlan.Taps(zone, layout.Links));
            foreach (var cable in cables)
            {
                files._opened.Push("close", cable.Dispose);
            }
            foreach (var file in wanted)
            {
                if (file is MachineFile.Cable(var nic))
                {
                    files.Descriptors.Add(cables[nic]);
                }
                else
                {
                    files.Add(Open(zone, layout, file));
                }
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

    private static FileDescriptor Open(ZoneSpec zone, ZoneLayout layout, MachineFile file) => file switch
    {
        MachineFile.Commands => UnixSocket.Listen(layout.QmpSocket(zone.Name)).Descriptor,
        MachineFile.Events => UnixSocket.Listen(layout.EventSocket(zone.Name)).Descriptor,
        MachineFile.SecondSerialPort => UnixSocket.Listen(layout.SecondSerialPort(zone.Name)).Descriptor,
        MachineFile.AgentPort => UnixSocket.Listen(layout.GuestAgentSocket(zone.Name)).Descriptor,
        MachineFile.Disk(var disk) => OpenDisk(zone, disk),
        MachineFile.FirmwareVariables => OpenVariables(zone),
        MachineFile.Firmware(var path) => OpenFirmware(zone, path),
        MachineFile.Kvm => FileDescriptorIo.Open(KvmProbe.Device, OpenFlags.ReadWrite),
        _ => throw new UnreachableException(),
    };

    private static FileDescriptor OpenVariables(ZoneSpec zone)
    {
        string path = Path.Combine(zone.ConfigPath, "uefi-vars.fd");
        if (!File.Exists(path))
        {
            DurableFile.Replace(path, File.ReadAllBytes(MachineFirmware.FreshVariables), mode: 0x180);
        }
        return FileDescriptorIo.Open(path, OpenFlags.ReadWrite);
    }

    private static FileDescriptor OpenFirmware(ZoneSpec zone, string path)
    {
        try
        {
            return FileDescriptorIo.Open(path, OpenFlags.ReadOnly);
        }
        catch (ErrnoException e)
        {
            throw new LumosException("ZoneCannotBoot", $"zone '{zone.Name}': its bootrom {path} cannot be opened", inner: e);
        }
    }

    private static FileDescriptor OpenDisk(ZoneSpec zone, MachineDisk disk)
    {
        for (var clock = Stopwatch.StartNew(); !disk.IsFile && !File.Exists(disk.Path) && clock.Elapsed < DeviceTime; Thread.Sleep(Step))
        {
        }
        var access = disk.IsMedia || disk.IsReadOnly ? OpenFlags.ReadOnly : OpenFlags.ReadWrite;
        try
        {
            var opened = disk.IsInRoot ? OpenInRoot(zone, disk.Path, access) : disk.IsFile ? OpenFile(zone, disk, access) : FileDescriptorIo.Open(disk.Path, access);
            if (FileStatus.Of(opened).Kind == (disk.IsFile ? FileKind.Regular : FileKind.BlockDevice))
            {
                return opened;
            }
            opened.Dispose();
        }
        catch (ErrnoException e)
        {
            throw new LumosException("ZoneCannotBoot", $"zone '{zone.Name}': its disk {disk.Path} cannot be opened", inner: e);
        }
        throw new LumosException("ZoneCannotBoot", $"zone '{zone.Name}': its disk {disk.Path} is not a {(disk.IsFile ? "file" : "block device")}");
    }

    private static FileDescriptor OpenInRoot(ZoneSpec zone, string path, OpenFlags access)
    {
        using var folder = RootedDirectory.Open(zone.ZonePath);
        using var root = folder.OpenSubdirectory("root");
        return root.Resolve(path, access | OpenFlags.NonBlocking); // should it be a FIFO
    }

    // A medium is meant in the zone's root, as on SmartOS, and found elsewhere if it is not there. A file may lie in a folder that somebody else writes to: no part of its path may lead elsewhere.
    private static FileDescriptor OpenFile(ZoneSpec zone, MachineDisk disk, OpenFlags access)
    {
        if (disk.IsMedia)
        {
            try
            {
                return OpenInRoot(zone, disk.Path, access);
            }
            catch (ErrnoException e) when (e.Errno is Errno.ENOENT or Errno.ENOTDIR)
            {
            }
        }
        using var straight = StraightPath.Open(disk.Path);
        return FileDescriptorIo.Open(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{straight.Number}"), access);
    }
}
