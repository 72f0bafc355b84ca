using Lumos.Linux;
using Lumos.Linux.Mounts;

namespace Lumos.Init.Supervision;

/// <summary>Mounts file systems that live in the kernel where nothing is mounted yet.</summary>
internal static class KernelMounts
{
    /// <summary>Mounts if the place is free; a failure is said.</summary>
    internal static void Ensure(string type, string target, MountFlags flags, string? options = null) =>
        Pid1.Attempt($"mount {target}", () =>
        {
            if (target != "/proc" ? MountTable.IsMounted(target) : File.Exists("/proc/self/mountinfo"))
            {
                return;
            }
            Directory.CreateDirectory(target);
            Mount.At(type, target, type, flags, options);
        });

    /// <summary>As <see cref="Ensure"/>, for what a kernel or machine may lack.</summary>
    internal static void EnsureIfKnown(string type, string target, MountFlags flags, string? options = null)
    {
        try
        {
            if (Directory.Exists(target) && !MountTable.IsMounted(target))
            {
                Mount.At(type, target, type, flags, options);
            }
        }
        catch (ErrnoException e) when (e.Errno is Errno.ENODEV or Errno.EOPNOTSUPP or Errno.EPERM or Errno.ENOENT or Errno.EBUSY)
        {
            // The kernel has no such file system, or the machine no such thing.
        }
    }

    /// <summary>The names under /dev that programs expect and the kernel does not make.</summary>
    internal static void MakeDeviceLinks()
    {
        foreach (var (name, target) in new[]
        {
            ("/dev/fd", "/proc/self/fd"), ("/dev/stdin", "/proc/self/fd/0"), ("/dev/stdout", "/proc/self/fd/1"), ("/dev/stderr", "/proc/self/fd/2"),
        })
        {
            if (!Path.Exists(name))
            {
                Pid1.Attempt(name, () => File.CreateSymbolicLink(name, target));
            }
        }
    }
}
