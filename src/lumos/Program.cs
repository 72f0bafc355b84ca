using Lumos.Cli;
using Lumos.Core;

// The multi-call binary: argv[0] names the applet; called as "lumos", the first word does.
var argv = Environment.GetCommandLineArgs();
string name = Path.GetFileName(argv[0]);
IEnumerable<string> words = argv.Skip(1);
if (name == "lumos")
{
    if (argv.Length < 2 || argv[1] is "--help" or "-h" or "help")
    {
        foreach (var each in AppletTable.All().OrderBy(a => a.Name, StringComparer.Ordinal))
        {
            Console.Out.WriteLine($"{each.Name,-16} {each.Summary}");
        }
        return argv.Length < 2 ? ExitStatus.Usage : ExitStatus.Success;
    }
    name = argv[1];
    words = argv.Skip(2);
}

var applet = AppletTable.All().FirstOrDefault(a => a.Name == name);
if (applet is null)
{
    Console.Error.WriteLine($"lumos: no command \"{name}\"; \"lumos help\" lists them");
    return ExitStatus.Usage;
}
try
{
    return applet.Run(new AppletContext { Name = name, Args = [.. words] });
}
catch (LumosException e)
{
    Console.Error.WriteLine($"{name}: {LumosException.Describe(e)}");
    return e.ExitStatus;
}
catch (IOException e) when (e.HResult == 32)
{
    return ExitStatus.Success; // EPIPE: the reader of our output has had enough
}
catch (Exception e) when (e is IOException or UnauthorizedAccessException)
{
    Console.Error.WriteLine($"{name}: {LumosException.Describe(e)}"); // a file or call of the system: its name is in the message
    return ExitStatus.Failure;
}
