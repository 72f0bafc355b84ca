using Lumos.Linux;
using Lumos.Linux.Handles;
using Lumos.Linux.Spawn;

namespace Lumos.Init;

/// <summary>A shell on the console for when nothing else can run, so that a person can look. Never returns.</summary>
internal static class EmergencyShell
{
    private static readonly string[][] Shells =
    [
        ["/bin/sh"],
        ["/usr/bin/sh"],
        ["/bin/busybox", "sh"],
        // The platform is mounted but is not the root: its loader knows where its libraries are.
        ["/.platform/usr/lib64/ld-linux-x86-64.so.2", "--library-path", "/.platform/usr/lib/x86_64-linux-gnu", "/.platform/usr/bin/sh"],
    ];

    internal static void ServeForEver()
    {
        while (true)
        {
            try
            {
                Serve();
            }
            catch (Exception e)
            {
                Say.Line($"lumos-init: {e.Message}");
            }
            Thread.Sleep(TimeSpan.FromSeconds(5));
        }
    }

    private static void Serve()
    {
        string[]? shell = Shells.FirstOrDefault(s => File.Exists(s[0]));
        if (shell is null)
        {
            Say.Line("lumos-init: no shell is here; switch the machine off and boot another way");
            Thread.Sleep(Timeout.Infinite);
            return;
        }
        Say.Line("lumos-init: here is a shell; when it ends, another one starts");
        using var console = FileDescriptorIo.Open("/dev/console", OpenFlags.ReadWrite | OpenFlags.NoControllingTerminal);
        using var child = ChildProcess.Start(new SpawnRequest
        {
            Argv = shell, Environment = BootEnvironment.Create(), Input = console, Output = console, ErrorOutput = console, NewSession = true,
        });
        while (child.HasEnded(TimeSpan.FromSeconds(1)) is false)
        {
            while (ChildReaper.Peek() is { } pid && pid != child.Pid)
            {
                ChildReaper.Reap(pid);
            }
        }
        child.Wait();
    }
}
