using System.Text;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Hosted;
using Lumos.Linux.Handles;
using Lumos.Linux.Terminals;

// The multi-call binary: argv[0] names the applet; called as "lumos", the first word does.
var argv = Environment.GetCommandLineArgs();
string name = Path.GetFileName(argv[0]);
IEnumerable<string> words = argv.Skip(1);
using var output = Writer(Terminal.StandardOutput);
using var errors = Writer(Terminal.StandardError, goesOn: true);
if (name is "lumos" or "lumos.dll") // the latter where a developer runs it without compiling it to native code
{
    if (argv.Length < 2 || argv[1] is "--help" or "-h" or "help")
    {
        foreach (var each in AppletTable.All().OrderBy(a => a.Name, StringComparer.Ordinal))
        {
            output.WriteLine($"{each.Name,-16} {each.Summary}");
        }
        return argv.Length < 2 ? ExitStatus.Usage : ExitStatus.Success;
    }
    name = argv[1];
    words = argv.Skip(2);
}

var applet = AppletTable.All().FirstOrDefault(a => a.Name == name);
if (applet is null)
{
    errors.WriteLine($"lumos: no command \"{name}\"; \"lumos help\" lists them");
    return ExitStatus.Usage;
}
if (argv[0] != name && File.Exists("/proc/self/comm"))
{
    File.WriteAllText("/proc/self/comm", name); // so that pgrep finds a daemon by its name, however it was started
}
try
{
    HostedEntry.GoInside(name, words);
    return applet.Run(new AppletContext { Name = name, Args = [.. words], Out = output, Error = errors });
}
catch (LumosException e)
{
    errors.WriteLine($"{name}: {LumosException.Describe(e)}");
    return e.ExitStatus;
}
catch (ReaderLeftException)
{
    return ExitStatus.Success;
}
catch (Exception e) when (e is IOException or UnauthorizedAccessException)
{
    errors.WriteLine($"{name}: {LumosException.Describe(e)}"); // a file or call of the system: its name is in the message
    return ExitStatus.Failure;
}

// Console.Out would first send the terminal's set-up sequence, which has no place in the output of a command.
static TextWriter Writer(FileDescriptor fd, bool goesOn = false) =>
    TextWriter.Synchronized(new StreamWriter(new OutputStream(new DescriptorStream(fd), goesOn), new UTF8Encoding(false), bufferSize: 8192) { AutoFlush = true });
