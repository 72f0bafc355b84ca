using Lumos.Linux.Namespaces;
using Xunit;

namespace Lumos.Linux.Tests;

[Trait("level", "host")]
public class UserNamespaceTests
{
    [Fact]
    public void Many_at_once_leave_no_process()
    {
        int before = Children();
        Parallel.For(0, 50, i =>
        {
            using var ids = UserNamespace.Create(100_000 + (uint)i, 65_536);
            Assert.False(ids.IsInvalid);
        });
        Assert.Equal(before, Children());
    }

    [Fact]
    public void It_belongs_to_whom_it_is_made_for_and_the_caller_stays_who_it_is()
    {
        using var theirs = UserNamespace.Create(1_000_000, 65_536, owner: 1_000_000);
        Assert.Equal(1_000_000u, Namespace.OwnerOfUser(theirs));
        using var ours = UserNamespace.Create(1_000_000, 65_536);
        Assert.Equal(0u, Namespace.OwnerOfUser(ours));
        Assert.True(Machine.SelfProcess.IsRoot);
    }

    [Fact]
    public void A_range_that_does_not_fit_is_refused_and_leaves_no_process()
    {
        int before = Children();
        Assert.ThrowsAny<IOException>(() => UserNamespace.Create(uint.MaxValue - 10, 65_536));
        Assert.Equal(before, Children());
    }

    // Zombies too: all whose parent we are and that bear the name of one of our threads (other tests' children have become programs).
    private static int Children()
    {
        var names = Directory.EnumerateDirectories("/proc/self/task").Select(task => "Name:\t" + TryRead(task + "/comm")).ToHashSet();
        return Directory.EnumerateDirectories("/proc").Count(folder => int.TryParse(Path.GetFileName(folder), out _)
            && TryRead(folder + "/status") is { } status && status.Contains($"\nPPid:\t{Environment.ProcessId}\n", StringComparison.Ordinal)
            && names.Contains(status[..(status.IndexOf('\n') + 1)]));
    }

    private static string? TryRead(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (IOException)
        {
            return null; // ended meanwhile
        }
    }
}
