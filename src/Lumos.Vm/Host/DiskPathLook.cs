using System.Globalization;
using Lumos.Linux;
using Lumos.Linux.Files;
using Lumos.Linux.Handles;

namespace Lumos.Vm.Host;

/// <summary>
/// Looks at a path that a payload gives as a disk: a device below /dev, or a file to which no symbolic link leads. A medium is looked for in
/// the root of the VM's zone first, as a path is meant on SmartOS.
/// </summary>
internal static class DiskPathLook
{
    internal static DiskPathFacts At(string path, VmSpec vm, bool isMedium) => (isMedium ? InRoot(path, vm) : null) ?? At(path);

    private static DiskPathFacts? InRoot(string path, VmSpec vm)
    {
        try
        {
            using var folder = RootedDirectory.Open(vm.ZonePath);
            using var root = folder.OpenSubdirectory("root");
            return root.Status(path) is { Kind: FileKind.Regular } status ? new DiskPathFacts(null, status.Size) : null;
        }
        catch (ErrnoException) // not made yet, or nothing one would follow: what is wrong with the path is said of the path itself
        {
            return null;
        }
    }

    private static DiskPathFacts At(string path)
    {
        if (!path.StartsWith('/') || path.Contains('\0'))
        {
            return new DiskPathFacts("is not an absolute path", 0);
        }
        bool isDevice = path.StartsWith("/dev/", StringComparison.Ordinal);
        try
        {
            using var straight = isDevice ? FileDescriptorIo.Open(path, OpenFlags.PathOnly) : StraightPath.Open(path);
            var status = FileStatus.Of(straight);
            if (status.Kind != (isDevice ? FileKind.BlockDevice : FileKind.Regular))
            {
                return new DiskPathFacts(isDevice ? "is not a block device" : "is not a file", 0);
            }
            return new DiskPathFacts(null, isDevice ? SizeOf(path) : status.Size);
        }
        catch (ErrnoException e)
        {
            return new DiskPathFacts(e.Errno switch
            {
                Errno.ENOENT or Errno.ENOTDIR => "does not exist",
                Errno.ELOOP => "goes through a symbolic link: give the path that it leads to",
                _ => $"cannot be opened ({e.Message})",
            }, 0);
        }
    }

    private static long SizeOf(string device)
    {
        using var opened = FileDescriptorIo.Open(device, OpenFlags.ReadOnly);
        using var stream = new FileStream(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{opened.Number}"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1);
        return stream.Seek(0, SeekOrigin.End);
    }
}
