using System.Runtime.ExceptionServices;
using Lumos.Core;
using Lumos.Hosted.Model;
using Lumos.Linux;
using Lumos.Linux.Handles;
using Lumos.Linux.Machine;
using Lumos.Linux.Mounts;
using Lumos.Linux.Namespaces;
using Lumos.Linux.Spawn;

namespace Lumos.Hosted.Actions;

/// <summary>
/// The mount namespace of a hosted global zone. It is made by a thread, which the program that is to live in it then takes over
/// by execve: only the calling thread survives that call. The namespace is pinned by a bind mount in the host's namespace, so that it
/// outlives whoever is in it. The pin's folder is a private mount: a pin that spread into the namespace itself would be a
/// circle, which the kernel refuses.
/// </summary>
internal static class HostNamespace
{
    internal static bool IsPinned(HostedPaths paths) => HostClaim.IsOurs(paths) && MountTable.IsMounted(paths.Namespace);

    /// <summary>Makes the namespace as the plan says, pins it, and becomes a program in it. Comes back only by throwing, with nothing left.</summary>
    internal static void CreateAndBecome(
        HostedPaths paths, Func<IReadOnlyList<RootStep>> plan, IReadOnlyList<string> argv, IReadOnlyDictionary<string, string> environment)
    {
        Directory.CreateDirectory(paths.Staging);
        Mount.Bind(paths.Run, paths.Run);
        Mount.MakePrivate(paths.Run);
        File.WriteAllText(paths.Namespace, "");
        // A namespace is pinned only from an older one, and Linux 6.18 tells their age by numbers that each processor draws from a stock of
        // its own. In the first namespace of a machine that never matters; in another, a second processor's may be the younger one.
        var processors = ProcessorAffinity.Get();
        ExceptionDispatchInfo? failure = null;
        foreach (var where in processors.Select(cpu => (IReadOnlyList<int>)[cpu]).Prepend(processors))
        {
            failure = Attempt(paths, plan, argv, environment, where, processors);
            if (failure.SourceException is not ErrnoException { Errno: Errno.EINVAL })
            {
                break;
            }
        }
        Unpin(paths);
        failure!.Throw();
    }

    private static ExceptionDispatchInfo Attempt(
        HostedPaths paths, Func<IReadOnlyList<RootStep>> plan, IReadOnlyList<string> argv, IReadOnlyDictionary<string, string> environment,
        IReadOnlyList<int> where, IReadOnlyList<int> everywhere)
    {
        using var built = new ManualResetEventSlim();
        using var pinned = new ManualResetEventSlim();
        string thread = "";
        ExceptionDispatchInfo? failure = null;
        var inside = new Thread(() =>
        {
            try
            {
                var steps = plan();
                thread = Path.GetFileName(new FileInfo("/proc/thread-self").LinkTarget!);
                ProcessorAffinity.Set(where);
                Namespace.Unshare(NamespaceKinds.Mount);
                ProcessorAffinity.Set(everywhere);
                RootBuilder.Build(steps, paths.Staging);
                built.Set();
                pinned.Wait();
                if (failure is null)
                {
                    Execute.Replace(argv[0], argv, environment);
                }
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
                built.Set();
            }
        });
        inside.Start();
        built.Wait();
        if (failure is null)
        {
            try
            {
                Mount.Bind($"/proc/self/task/{thread}/ns/mnt", paths.Namespace);
            }
            catch (ErrnoException e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
            pinned.Set();
        }
        inside.Join(); // returns only if there is no program to become
        return failure!;
    }

    /// <summary>
    /// Takes the calling thread inside, with (where it is seen there) our working directory. Threads that it starts from now on are
    /// inside too; those that are there already stay outside.
    /// </summary>
    internal static void Enter(HostedPaths paths)
    {
        string here = Directory.GetCurrentDirectory();
        using var pin = FileDescriptorIo.Open(paths.Namespace, OpenFlags.ReadOnly);
        Namespace.LeaveSharedRoot();
        Namespace.Enter(pin, NamespaceKinds.Mount);
        SelfProcess.ChangeDirectory(Directory.Exists(here) ? here : HostedPaths.HostView + here);
    }

    /// <summary>Becomes a program inside, with our streams and working directory.</summary>
    /// <param name="argv">The program is looked for on the PATH inside, unless it holds a slash.</param>
    /// <param name="name">What the program finds as its own name; null: the first word.</param>
    internal static void EnterAndBecome(
        HostedPaths paths, IReadOnlyList<string> argv, IReadOnlyDictionary<string, string> environment, string? name = null)
    {
        Enter(paths);
        Execute.Replace(Execute.Resolve(argv[0]), [name ?? argv[0], .. argv.Skip(1)], environment);
    }

    /// <summary>Lets go of the namespace; it ends when nothing lives in it. What is not there is no error.</summary>
    internal static void Unpin(HostedPaths paths)
    {
        if (!Directory.Exists(paths.Run))
        {
            return;
        }
        while (Mount.TryDetach(paths.Namespace, lazily: true))
        {
        }
        while (Mount.TryDetach(paths.Run, lazily: true))
        {
        }
        Directory.Delete(paths.Run, recursive: true);
        foreach (string parent in new[] { HostedPaths.AllRuns, Path.GetDirectoryName(HostedPaths.AllRuns)! })
        {
            if (Directory.Exists(parent) && !Directory.EnumerateFileSystemEntries(parent).Any())
            {
                Directory.Delete(parent);
            }
        }
    }
}
