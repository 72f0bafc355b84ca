using System.Collections;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Spawn;

/// <summary>execve(2) and what goes with it.</summary>
public static unsafe class Execute
{
    /// <summary>This process becomes another program, same PID. Comes back only by throwing.</summary>
    /// <param name="program">A path; see <see cref="Resolve"/>.</param>
    public static void Replace(string program, IReadOnlyList<string> argv, IReadOnlyDictionary<string, string> environment)
    {
        using var memory = new NativeStrings();
        _ = Libc.execve(memory.Add(program), memory.AddArray(argv), memory.AddArray(Words(environment)));
        throw new ErrnoException($"cannot execute {program}", SystemCall.LastErrno);
    }

    /// <summary>A copy of our environment.</summary>
    public static Dictionary<string, string> CurrentEnvironment()
    {
        var environment = new Dictionary<string, string>();
        foreach (DictionaryEntry pair in Environment.GetEnvironmentVariables())
        {
            environment[(string)pair.Key] = (string?)pair.Value ?? "";
        }
        return environment;
    }

    /// <summary>Finds a program on PATH, unless its name holds a slash.</summary>
    /// <exception cref="ErrnoException">ENOENT.</exception>
    public static string Resolve(string program)
    {
        if (program.Contains('/'))
        {
            return program;
        }
        string path = Environment.GetEnvironmentVariable("PATH") ?? "/usr/sbin:/usr/bin:/sbin:/bin";
        foreach (string folder in path.Split(':', StringSplitOptions.RemoveEmptyEntries))
        {
            string candidate = Path.Combine(folder, program);
            if (File.Exists(candidate))
            {
                return candidate;
            }
        }
        throw new ErrnoException($"cannot start {program}", Errno.ENOENT);
    }

    internal static IEnumerable<string> Words(IReadOnlyDictionary<string, string> environment) =>
        environment.Select(pair => $"{pair.Key}={pair.Value}");
}
